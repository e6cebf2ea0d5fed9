using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Tests;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet.Onnx.Tests;

/// <summary>What ONNX Runtime cannot do for the stages is said, with what to do.</summary>
[Collection(nameof(StageFixture))]
public sealed class StageErrorTests(StageFixture models) : IDisposable
{
    private readonly MLContext ml = new(seed: 1);
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Options_that_cannot_work_are_refused()
    {
        Assert.Contains("OnnxExportOptions.Precision", Assert.Throws<ArgumentException>(() => ResTokTokenizer.Load(models.Folder, StageFixture.Onnx with { Precision = Precision.BFloat16 })).Message, StringComparison.Ordinal);
        Assert.Contains("no streams", Assert.Throws<ArgumentException>(() => ResTokGenerator.Load(() => Stream.Null, () => Stream.Null, StageFixture.Onnx)).Message, StringComparison.Ordinal);
        Assert.Contains("ExportOnnx", (await Assert.ThrowsAsync<ArgumentException>(() => ResTokTokenizer.FromHubAsync("owner/name", StageFixture.Onnx))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => ResTokTokenizer.Load(models.Folder, new() { Backend = (ResTokBackend)7 }));
        models.Tokenizer.Save(folder["weights"]);
        Assert.Contains("Write it with ExportOnnx", Assert.Throws<CheckpointException>(() => ResTokTokenizer.Load(folder["weights"], StageFixture.Onnx)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_evaluation_export_and_search_need_libtorch()
    {
        using ResTokTokenizer tokenizer = ResTokTokenizer.Load(models.Folder, StageFixture.Onnx);
        using ResTokGenerator generator = ResTokGenerator.Load(models.Folder, StageFixture.Onnx);
        IDataView data = StageFixture.Data(ml);
        foreach (Action use in new Action[]
        {
            () => ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new() { InitialModel = tokenizer, Training = new() { RunFolder = folder["run"], Steps = 1 } }).Fit(data),
            () => tokenizer.ExportOnnx(folder["again"]),
            () => generator.ExportOnnx(folder["again"]),
            () => ml.Transforms.ResTokEncode("Tokens", "Image", tokenizer, new() { SearchSteps = 1 }),
        })
        {
            Assert.Contains("ResTokBackend.LibTorch", Assert.Throws<InvalidOperationException>(use).Message, StringComparison.Ordinal);
        }
        Assert.False(Directory.Exists(folder["again"]));
    }

    [Fact]
    public void Files_of_bfloat16_say_where_they_run()
    {
        models.Tokenizer.ExportOnnx(folder["half"], new() { Precision = OnnxPrecision.BFloat16 });
        using ResTokTokenizer tokenizer = ResTokTokenizer.Load(folder["half"], StageFixture.Onnx);
        IDataView data = StageFixture.Data(ml);
        using ResTokEncodingTransformer encode = ml.Transforms.ResTokEncode("Tokens", "Image", tokenizer).Fit(data);
        string message = Assert.Throws<CheckpointException>(() => encode.Transform(data).GetColumn<int[]>("Tokens").Count()).Message;
        Assert.Contains("encoder.onnx", message, StringComparison.Ordinal);
        Assert.Contains("BFloat16", message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Files_that_changed_since_they_were_opened_are_not_mixed_with_others()
    {
        models.Tokenizer.ExportOnnx(folder["models"]);
        using ResTokTokenizer tokenizer = ResTokTokenizer.Load(folder["models"], StageFixture.Onnx);
        IDataView data = StageFixture.Data(ml);
        using ResTokEncodingTransformer encode = ml.Transforms.ResTokEncode("Tokens", "Image", tokenizer).Fit(data);
        File.SetLastWriteTimeUtc(Path.Combine(folder["models"], "encoder.onnx"), DateTime.UtcNow.AddDays(-1));
        Assert.Contains("another than it was", Assert.Throws<CheckpointException>(() => encode.Transform(data).GetColumn<int[]>("Tokens").Count()).Message, StringComparison.Ordinal);
        Assert.Contains("another than it was", Assert.Throws<CheckpointException>(() => ml.Model.Save(encode, data.Schema, folder["pipeline.zip"])).Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(folder["models"], "encoder.onnx"));
        Assert.Contains("gone", Assert.Throws<CheckpointException>(() => tokenizer.Save(folder["copy"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_graph_of_another_model_is_refused()
    {
        models.Tokenizer.ExportOnnx(folder["models"]);
        using (ImageTokenizer other = TinyModels.CreateTokenizer(TinyModels.Tokenizer with { CodebookSize = 32 }))
            other.ExportOnnx(folder["other"]);
        File.Copy(Path.Combine(folder["other"], "decoder.onnx"), Path.Combine(folder["models"], "decoder.onnx"), overwrite: true);
        Assert.Contains("decoder.onnx is of another model", Assert.Throws<CheckpointException>(() => OnnxTokenizer.Load(folder["models"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("decoder.onnx", "lacks its decoder.onnx")]
    [InlineData("tokenizer.json", "lacks its tokenizer.json")]
    [InlineData(null, "encoder.onnx cannot be run")]
    public void A_damaged_pipeline_says_so_when_it_is_loaded_and_leaves_no_files(string? missing, string said)
    {
        using ResTokTokenizer tokenizer = ResTokTokenizer.Load(models.Folder, StageFixture.Onnx);
        IDataView data = StageFixture.Data(ml);
        using ResTokEncodingTransformer encode = ml.Transforms.ResTokEncode("Tokens", "Image", tokenizer).Fit(data);
        ml.Model.Save(encode, data.Schema, folder["pipeline.zip"]);
        using (ZipArchive archive = ZipFile.Open(folder["pipeline.zip"], ZipArchiveMode.Update))
        {
            ZipArchiveEntry entry = archive.Entries.Single(entry => entry.Name == (missing ?? "encoder.onnx"));
            if (missing is null)
            {
                using Stream stream = entry.Open();
                stream.SetLength(stream.Length / 2);
            }
            else
            {
                entry.Delete();
            }
        }
        string[] before = StageFixture.TemporaryFolders;
        Exception fault = Assert.ThrowsAny<Exception>(() => ml.Model.Load(folder["pipeline.zip"], out _));
        Assert.Contains(said, StageFixture.MessagesOf(fault), StringComparison.Ordinal);
        Assert.Empty(StageFixture.TemporaryFolders.Except(before));
    }
}
