using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Tests;
using static ResTok.MLNet.Onnx.Tests.StageFixture;

namespace ResTok.MLNet.Onnx.Tests;

/// <summary>The stages of pipelines with ONNX Runtime in libtorch's place.</summary>
[Collection(nameof(StageFixture))]
public sealed class StageTests(StageFixture models) : IDisposable
{
    private const float Tolerance = 1.001f / 255; // of pixels, rounded either way; latents and features are nearer than that

    private readonly MLContext ml = new(seed: 1);
    private readonly TemporaryFolder folder = new();
    private readonly ResTokTokenizer tokenizer = ResTokTokenizer.Load(models.Folder, StageFixture.Onnx);
    private readonly ResTokGenerator generator = ResTokGenerator.Load(models.Folder, StageFixture.Onnx);

    public void Dispose()
    {
        tokenizer.Dispose();
        generator.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void Every_column_is_libtorchs_in_any_batch(int batch)
    {
        (int[] tokens, float[] numbers) = Read(Fit(models.Tokenizer, models.Generator));
        (int[] found, float[] near) = Read(Fit(tokenizer, generator, batch));
        Assert.Equal(tokens, found);
        AssertClose(numbers, near);
        Assert.True(found.Distinct().Count() > 20);
    }

    [Fact]
    public void One_row_at_a_time_gives_the_same()
    {
        List<Row> rows = PipelineData.Rows(3);
        using ResTokEncodingTransformer encode = ml.Transforms.ResTokEncode("Tokens", "Image", tokenizer).Fit(ml.Data.LoadFromEnumerable(rows));
        string[] expected = [.. encode.Transform(ml.Data.LoadFromEnumerable(rows)).GetColumn<int[]>("Tokens").Select(PipelineData.Join)];
        using PredictionEngine<Row, Encoded> engine = ml.Model.CreatePredictionEngine<Row, Encoded>(encode, new PredictionEngineOptions { OwnsTransformer = false });
        Assert.Equal(expected, rows.Select(row => PipelineData.Join(engine.Predict(row).Tokens)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_saved_pipeline_holds_the_files_once_and_comes_back(bool outside)
    {
        models.Tokenizer.ExportOnnx(folder["models"], new() { ExternalData = outside });
        using ResTokTokenizer opened = ResTokTokenizer.Load(folder["models"], StageFixture.Onnx);
        ITransformer fitted = Pipeline(ml, opened, generator).Fit(Data(ml));
        string zip = Save(fitted, "first.zip");
        string[] expected = [.. outside ? ["decoder.onnx", "decoder.onnx.data", "encoder.onnx", "encoder.onnx.data"] : (string[])["decoder.onnx", "encoder.onnx"],
            "generator.json", "generator.onnx", "tokenizer.json"];
        using (ZipArchive archive = ZipFile.OpenRead(zip))
        {
            Assert.Equal(expected, archive.Entries.Select(entry => entry.Name).Where(name => name.Contains(".onnx", StringComparison.Ordinal) || name.EndsWith(".json", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
            Assert.DoesNotContain(archive.Entries, entry => entry.Name.EndsWith(".safetensors", StringComparison.Ordinal));
        }
        ITransformer loaded = ml.Model.Load(zip, out _);
        string again = Save(loaded, "again.zip"); // the files are still there
        AssertSame(fitted, loaded);
        (loaded as IDisposable)?.Dispose();
        ITransformer second = ml.Model.Load(again, out _);
        AssertSame(fitted, second);
        (second as IDisposable)?.Dispose();
    }

    [Fact]
    public void Files_of_a_loaded_pipeline_go_with_it()
    {
        string zip = Save(ml.Transforms.ResTokDecode("Rebuilt", "Tokens", tokenizer).Fit(Encoded()), "decode.zip", Encoded());
        string[] before = TemporaryFolders;
        ITransformer loaded = ml.Model.Load(zip, out _);
        string place = Assert.Single(TemporaryFolders.Except(before));
        Assert.True(File.Exists(Path.Combine(place, "encoder.onnx")));
        (loaded as IDisposable)?.Dispose();
        Assert.False(Directory.Exists(place));
        Assert.True(File.Exists(Path.Combine(models.Folder, "encoder.onnx")));
    }

    [Fact]
    public void A_reference_is_followed_and_checked()
    {
        tokenizer.Save(folder["moved"]);
        Assert.Equal(["decoder.onnx", "encoder.onnx", "tokenizer.json"], Directory.GetFiles(folder["moved"]).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));
        using ResTokTokenizer referred = ResTokTokenizer.Load(folder["moved"], StageFixture.Onnx with { StoreByReference = true });
        using ResTokEncodingTransformer fitted = ml.Transforms.ResTokEncode("Tokens", "Image", referred).Fit(Data(ml));
        string zip = Save(fitted, "reference.zip");
        Assert.InRange(new FileInfo(zip).Length, 1, 50_000);
        string[] expected = Tokens(fitted);
        Assert.Equal(expected, Tokens(ml.Model.Load(zip, out _)));
        File.AppendAllText(Path.Combine(folder["moved"], "tokenizer.json"), " ");
        Assert.Contains("is not the one", Message(() => ml.Model.Load(zip, out _)), StringComparison.Ordinal);
        Directory.Delete(folder["moved"], recursive: true);
        Assert.Contains("is not there", Message(() => ml.Model.Load(zip, out _)), StringComparison.Ordinal);
    }

    [Fact]
    public void Pixels_of_8_bits_are_the_same_tokens()
    {
        models.Tokenizer.ExportOnnx(folder["bytes"], new() { UInt8Pixels = true });
        using ResTokTokenizer bytes = ResTokTokenizer.Load(folder["bytes"], StageFixture.Onnx);
        AssertSame(Pipeline(ml, tokenizer, generator).Fit(Data(ml)), Pipeline(ml, bytes, generator).Fit(Data(ml)));
    }

    [Fact]
    public void A_gpu_that_is_not_there_is_an_error_or_a_warning()
    {
        var strict = new MLContext { GpuDeviceId = 0, FallbackToCpu = false };
        string message = Message(() => Tokens(strict.Transforms.ResTokEncode("Tokens", "Image", tokenizer).Fit(Data(strict))));
        Assert.True(message.Contains("Microsoft.ML.OnnxRuntime.Gpu", StringComparison.Ordinal), message);
        Assert.Contains("FallbackToCpu", message, StringComparison.Ordinal);
        var lenient = new MLContext { GpuDeviceId = 0, FallbackToCpu = true };
        var warnings = new List<string>();
        lenient.Log += (_, entry) =>
        {
            if (entry.Kind == ChannelMessageKind.Warning)
                warnings.Add(entry.RawMessage);
        };
        Assert.Equal(
            Tokens(ml.Transforms.ResTokEncode("Tokens", "Image", models.Tokenizer).Fit(Data(ml))),
            Tokens(lenient.Transforms.ResTokEncode("Tokens", "Image", tokenizer).Fit(Data(lenient))));
        Assert.EndsWith("Computing on the CPU.", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipeline_that_is_disposed_while_it_computes_comes_to_its_end()
    {
        for (int i = 0; i < 10; i++)
        {
            ResTokEncodingTransformer encode;
            using (ResTokTokenizer opened = ResTokTokenizer.Load(models.Folder, StageFixture.Onnx))
                encode = ml.Transforms.ResTokEncode("Tokens", "Image", opened, new() { BatchSize = 1 }).Fit(Data(ml, 1));
            using var started = new ManualResetEventSlim();
            Exception? fault = null;
            var reader = new Thread(() =>
            {
                try
                {
                    foreach (int[] _ in encode.Transform(Data(ml, 200)).GetColumn<int[]>("Tokens"))
                        started.Set();
                }
                catch (Exception thrown)
                {
                    fault = thrown;
                }
            });
            reader.Start();
            started.Wait();
            encode.Dispose();
            reader.Join();
            Assert.IsType<ObjectDisposedException>(fault);
        }
    }

    private IDataView Fit(ResTokTokenizer tokens, ResTokGenerator draws, int batch = 3)
    {
        IDataView data = Data(ml);
        return Pipeline(ml, tokens, draws, batch).Fit(data).Transform(data);
    }

    private IDataView Encoded() => ml.Data.LoadFromEnumerable([new Encoded { Tokens = new int[16] }]);

    private string[] Tokens(ITransformer transformer) => [.. transformer.Transform(Data(ml)).GetColumn<int[]>("Tokens").Select(PipelineData.Join)];

    private string Save(ITransformer transformer, string name, IDataView? data = null)
    {
        ml.Model.Save(transformer, (data ?? Data(ml)).Schema, folder[name]);
        return folder[name];
    }

    private void AssertSame(ITransformer expected, ITransformer actual)
    {
        (int[] tokens, float[] numbers) = Read(expected.Transform(Data(ml)));
        (int[] found, float[] near) = Read(actual.Transform(Data(ml)));
        Assert.Equal(tokens, found);
        AssertClose(numbers, near);
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.InRange(expected.Zip(actual).Max(pair => Math.Abs(pair.First - pair.Second)), 0, Tolerance);
    }

    private static string Message(Action action) => StageFixture.MessagesOf(Assert.ThrowsAny<Exception>(action));
}
