using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

/// <summary>Saving and loading by plain ML.NET calls; a fresh process that has only the package is ResTok.MLNet.PackageTests.</summary>
public sealed class SaveLoadTests : IDisposable
{
    private readonly MLContext ml = new(seed: 1);
    private readonly List<Row> rows = PipelineData.Rows(5);
    private readonly string folder = Directory.CreateTempSubdirectory("restok-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private IDataView Data => ml.Data.LoadFromEnumerable(rows);

    [Fact]
    [Trait("Category", "Slow")]
    public void A_pipeline_comes_back_with_its_weights_stored_once()
    {
        using ResTokTokenizer model = CreateModel();
        ITransformer fitted = Pipeline(model).Fit(Data);
        string zip = Save(fitted);
        using (ZipArchive archive = ZipFile.OpenRead(zip))
            Assert.Single(archive.Entries, entry => entry.Length > 1 << 20);

        ITransformer loaded = ml.Model.Load(zip, out DataViewSchema schema);
        Assert.Contains(schema, column => column.Name == "Name");
        Assert.Equal(Values(fitted), Values(loaded));

        string again = Save(loaded, "again.zip");
        (loaded as IDisposable)?.Dispose();
        Assert.Equal(Values(fitted), Values(ml.Model.Load(again, out _)));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_single_transformer_comes_back()
    {
        using ResTokTokenizer model = CreateModel();
        using ResTokEncodingTransformer encode = ml.Transforms.ResTokEncode("Tokens", "Image", model, new() { Resize = ResTokResize.Stretch, TokensAsKeys = true }).Fit(Data);
        ml.Model.Save(encode, null, Path.Combine(folder, "single.zip"));
        ITransformer loaded = ml.Model.Load(Path.Combine(folder, "single.zip"), out _);
        Assert.IsType<ResTokEncodingTransformer>(loaded is TransformerChain<ITransformer> chain ? chain.LastTransformer : loaded);
        Assert.Equal(encode.Transform(Data).GetColumn<uint[]>("Tokens"), loaded.Transform(Data).GetColumn<uint[]>("Tokens"));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_model_in_streams_is_opened_on_first_use_and_saved_like_any_other()
    {
        using var config = new MemoryStream();
        using var weights = new MemoryStream();
        using (ResTok.Models.ImageTokenizer tokenizer = TinyModels.CreateTokenizer())
            tokenizer.Save(config, weights);
        int opened = 0;
        using ResTokTokenizer streamed = ResTokTokenizer.Load(() => new MemoryStream(config.ToArray()), () =>
        {
            opened++;
            return new MemoryStream(weights.ToArray());
        });
        ITransformer fitted = Pipeline(streamed).Fit(Data);
        Assert.Equal(0, opened);

        using ResTokTokenizer model = CreateModel();
        Assert.Equal(Values(Pipeline(model).Fit(Data)), Values(fitted));
        Assert.Equal(Values(fitted), Values(ml.Model.Load(Save(fitted), out _)));
        Assert.Equal(1, opened);
    }

    [Fact]
    public void A_reference_is_followed_checked_and_resolved()
    {
        string path = Path.Combine(folder, "model");
        using (ResTok.Models.ImageTokenizer tokenizer = TinyModels.CreateTokenizer())
            tokenizer.Save(path);
        using ResTokTokenizer model = ResTokTokenizer.Load(path, new() { StoreByReference = true });
        ITransformer fitted = Pipeline(model).Fit(Data);
        string zip = Save(fitted);
        Assert.InRange(new FileInfo(zip).Length, 1, 50_000);
        Assert.Equal(Values(fitted), Values(ml.Model.Load(zip, out _)));

        string moved = Path.Combine(folder, "moved");
        Directory.Move(path, moved);
        Assert.Contains(path, Message(() => ml.Model.Load(zip, out _)), StringComparison.Ordinal);
        ResTokLoadOptions.ReferenceResolver = _ => moved;
        try
        {
            Assert.Equal(Values(fitted), Values(ml.Model.Load(zip, out _)));
            using (FileStream weights = File.OpenWrite(Path.Combine(moved, "model.safetensors")))
            {
                weights.Position = weights.Length - 1;
                weights.WriteByte(0x77);
            }
            Assert.Contains("is not the one", Message(() => ml.Model.Load(zip, out _)), StringComparison.Ordinal);
        }
        finally
        {
            ResTokLoadOptions.ReferenceResolver = null;
        }
    }

    private IEstimator<ITransformer> Pipeline(ResTokTokenizer model) => ml.Transforms.ResTokEncode("Tokens", "Image", model)
        .Append(ml.Transforms.ResTokDecode("Coarse", "Tokens", model, tokenCount: 4))
        .Append(ml.Transforms.ResTokDecode("Rebuilt", "Tokens", model));

    private string Save(ITransformer transformer, string name = "pipeline.zip")
    {
        string zip = Path.Combine(folder, name);
        ml.Model.Save(transformer, Data.Schema, zip);
        return zip;
    }

    private List<string> Values(ITransformer transformer)
    {
        IDataView view = transformer.Transform(Data);
        return
        [
            .. view.GetColumn<int[]>("Tokens").Select(Join),
            .. new[] { "Coarse", "Rebuilt" }.SelectMany(name => view.GetColumn<MLImage>(name)).Select(image =>
            {
                using (image)
                    return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(image.Pixels));
            }),
        ];
    }

    private static string Message(Action action) => Assert.ThrowsAny<Exception>(action).ToString();
}
