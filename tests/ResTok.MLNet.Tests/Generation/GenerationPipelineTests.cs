using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.Models;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

/// <summary>Generation in a pipeline that is saved, loaded and used row by row.</summary>
public sealed class GenerationPipelineTests : GenerationFixture
{
    private readonly string folder = Directory.CreateTempSubdirectory("restok-test-").FullName;

    public override void Dispose()
    {
        base.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_whole_pipeline_comes_back_from_one_zip_with_each_model_once()
    {
        using ResTokTokenizer restok = CreateModel();
        List<Row> rows = PipelineData.Rows(3);
        IDataView data = ml.Data.LoadFromEnumerable(rows);
        var pipeline = ml.Transforms.ResTokEncode("Tokens", "Image", restok)
            .Append(ml.Transforms.CopyColumns("Label", "Id"))
            .Append(ml.Transforms.ResTokGenerate("Varied", "Label", generator, new() { PrefixColumnName = "Tokens", PrefixLevels = 2, SeedColumnName = "Count", BatchSize = 2 }))
            .Append(ml.Transforms.ResTokGenerate("Fresh", "Label", generator, new()
            {
                Levels = 4,
                Sampling = new() { Schedule = GuidanceSchedule.Triangular, GuidanceScale = 2, GuidancePeak = 0.3, TopK = 20, Temperature = 0.9, Seed = 5, NumSteps = 7, GuidanceInterval = 3 },
            }))
            .Append(ml.Transforms.ResTokDecode("Rebuilt", "Varied", restok))
            .Append(ml.Transforms.ResTokDecode("Coarse", "Fresh", restok));
        ITransformer fitted = pipeline.Fit(data);
        string[] expected = Values(fitted);
        string zip = Path.Combine(folder, "pipeline.zip");
        ml.Model.Save(fitted, data.Schema, zip);
        using (ZipArchive archive = ZipFile.OpenRead(zip))
            Assert.Equal(2, archive.Entries.Count(entry => entry.Length > 50_000));

        ITransformer loaded = ml.Model.Load(zip, out _);
        Assert.Equal(expected, Values(loaded));
        string again = Path.Combine(folder, "again.zip");
        ml.Model.Save(loaded, data.Schema, again);
        (loaded as IDisposable)!.Dispose();
        Assert.Equal(expected, Values(new MLContext().Model.Load(again, out _)));

        string[] Values(ITransformer transformer)
        {
            IDataView view = transformer.Transform(data);
            return
            [
                .. view.GetColumn<int[]>("Varied").Concat(view.GetColumn<int[]>("Fresh")).Select(Join),
                .. view.GetColumn<MLImage>("Rebuilt").Concat(view.GetColumn<MLImage>("Coarse")).Select(image =>
                {
                    using (image)
                        return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(image.Pixels));
                }),
            ];
        }
    }

    [Fact]
    public void A_generator_can_be_stored_by_reference()
    {
        string path = Path.Combine(folder, "model");
        using (ImageGenerator source = ImageGenerator.Create(TinyModels.Generator, seed: 3))
            source.Save(path);
        using ResTokGenerator handle = ResTokGenerator.Load(path, new() { StoreByReference = true });
        ITransformer fitted = ml.Transforms.ResTokGenerate("Tokens", "Label", handle).Fit(Data);
        string zip = Path.Combine(folder, "reference.zip");
        ml.Model.Save(fitted, Data.Schema, zip);
        Assert.InRange(new FileInfo(zip).Length, 1, 50_000);
        Assert.Equal(ById(fitted.Transform(Data)), ById(ml.Model.Load(zip, out _).Transform(Data)));
    }

    [Fact]
    public void A_prediction_engine_generates_for_one_label()
    {
        using ResTokTokenizer restok = CreateModel();
        var pipeline = ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { SeedColumnName = "Seed" })
            .Append(ml.Transforms.ResTokDecode("Rebuilt", "Tokens", restok));
        string[] expected = Tokens(new() { SeedColumnName = "Seed" });
        ITransformer fitted = pipeline.Fit(Data);
        using PredictionEngine<Wish, Decoded> engine = ml.Model.CreatePredictionEngine<Wish, Decoded>(fitted);
        foreach (int i in new[] { 5, 3, 5, 36 })
        {
            Decoded result = engine.Predict(wishes[i]);
            using (result.Rebuilt)
                Assert.Equal(expected[i], Join(result.Tokens));
        }
    }
}
