using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Tests;

namespace ResTok.MLNet.Onnx.Tests;

/// <summary>Tests that look at the process's memory or its temporary files: not beside others.</summary>
[CollectionDefinition(nameof(StageFixture), DisableParallelization = true)]
public sealed class StageCollection : ICollectionFixture<StageFixture>;

/// <summary>The same tiny models as weights in libtorch and as exported files, and pipelines of all three stages on either.</summary>
public sealed class StageFixture : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public StageFixture()
    {
        Tokenizer = PipelineData.CreateModel();
        Generator = PipelineData.CreateGenerator();
        Tokenizer.ExportOnnx(Folder);
        Generator.ExportOnnx(Folder);
    }

    public string Folder => folder.Path;

    public ResTokTokenizer Tokenizer { get; }

    public ResTokGenerator Generator { get; }

    /// <summary>Where this process keeps the files of loaded pipelines.</summary>
    public static string[] TemporaryFolders => Directory.GetDirectories(Path.GetTempPath(), $"restok-onnx-{Environment.ProcessId}-*");

    public static ResTokLoadOptions Onnx { get; } = new() { Backend = ResTokBackend.Onnx };

    internal static IDataView Data(MLContext ml, int rows = 5) => ml.Data.LoadFromEnumerable(PipelineData.Rows(rows));

    /// <summary>Every column that the stages can add.</summary>
    public static IEstimator<ITransformer> Pipeline(MLContext ml, ResTokTokenizer tokenizer, ResTokGenerator generator, int batch = 3) =>
        ml.Transforms.ResTokEncode("Tokens", "Image", tokenizer, new() { BatchSize = batch, LatentsColumnName = "Latents", FeaturesColumnName = "Features" })
            .Append(ml.Transforms.CopyColumns("Label", "Id"))
            .Append(ml.Transforms.ResTokDecode("Rebuilt", "Tokens", tokenizer, options: new() { BatchSize = batch, TokenCountColumnName = "Count" }))
            .Append(ml.Transforms.ResTokGenerate("Varied", "Label", generator, new() { BatchSize = batch, PrefixColumnName = "Tokens", PrefixLevels = 3, SeedColumnName = "Count" }))
            .Append(ml.Transforms.ResTokGenerate("Fresh", "Label", generator, new() { BatchSize = batch, Levels = 4, TokensAsKeys = true, Sampling = SamplingOptions.Official with { Seed = 5 } }))
            .Append(ml.Transforms.ResTokDecode("Drawn", "Fresh", tokenizer, tokenCount: 4));

    /// <summary>What the stages add, of all rows: whole numbers, and numbers that rounding may change.</summary>
    public static (int[] Tokens, float[] Numbers) Read(IDataView view)
    {
        int[] tokens = [.. view.GetColumn<int[]>("Tokens").SelectMany(row => row), .. view.GetColumn<int[]>("Varied").SelectMany(row => row),
            .. view.GetColumn<uint[]>("Fresh").SelectMany(row => row.Select(key => (int)key))];
        float[] numbers = [.. view.GetColumn<float[]>("Latents").SelectMany(row => row), .. view.GetColumn<float[]>("Features").SelectMany(row => row),
            .. Pixels(view, "Rebuilt"), .. Pixels(view, "Drawn")];
        return (tokens, numbers);
    }

    /// <summary>Of an exception and of those inside it: ML.NET and reflection wrap what a stage throws while it is loaded.</summary>
    public static string MessagesOf(Exception? fault) => fault is null ? "" : $"{fault.Message}\n{MessagesOf(fault.InnerException)}";

    public void Dispose()
    {
        Tokenizer.Dispose();
        Generator.Dispose();
        folder.Dispose();
    }

    private static IEnumerable<float> Pixels(IDataView view, string column) => view.GetColumn<MLImage>(column).SelectMany(image =>
    {
        using (image)
            return image.Pixels.ToArray().Select(value => value / 255f);
    });
}
