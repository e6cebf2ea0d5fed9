using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.Models.Checkpoints;
using static ResTok.MLNet.Tests.PipelineData;
using static ResTok.MLNet.Tests.SavedStageFile;

namespace ResTok.MLNet.Tests;

/// <summary>Saved pipelines that were damaged on purpose. Each was found by ResTok.FaultTests.</summary>
public sealed class HostilePipelineTests : IDisposable
{
    private readonly MLContext ml = new(seed: 1);
    private readonly string folder = Directory.CreateTempSubdirectory("restok-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(0, int.MaxValue, "batch size must be at least 1 and at most 4096")]
    [InlineData(0, -1, "batch size must be at least 1")]
    [InlineData(1, 99, "levels must be from 1 to the model's")]
    [InlineData(2, 99, "prefix levels must be from 0")]
    public void Options_are_checked_again(int option, int value, string why)
    {
        string zip = Save();
        // Of the stage's data: "Tokens", "Label", "", "", and then the batch size, levels and prefix levels.
        Change(zip, stage => BitConverter.TryWriteBytes(stage.AsSpan(stage.AsSpan().IndexOf("\u0006Tokens\u0005Label\0\0"u8) + 15 + 4 * option), value));
        InvalidDataException fault = Inner<InvalidDataException>(() => ml.Model.Load(zip, out _));
        Assert.Contains(why, fault.Message, StringComparison.Ordinal);
        Assert.Contains("ResTokGenerate", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_claim_to_be_large_are_refused_as_a_checkpoint_is()
    {
        string zip = Save();
        using (ZipArchive archive = ZipFile.Open(zip, ZipArchiveMode.Update))
        {
            ZipArchiveEntry old = archive.Entries.Single(entry => entry.Name == "model.safetensors");
            string name = old.FullName;
            old.Delete();
            byte[] header = "{\"a\":{\"dtype\":\"F64\",\"shape\":[34359738368],\"data_offsets\":[0,274877906944]}}"u8.ToArray();
            using Stream stream = archive.CreateEntry(name).Open();
            stream.Write([.. BitConverter.GetBytes((long)header.Length), .. header, 0, 0, 0, 0]);
        }
        Assert.Contains("ends before its last tensor", Inner<CheckpointException>(() => ml.Model.Load(zip, out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reference_to_a_device_that_never_ends_is_refused()
    {
        if (OperatingSystem.IsWindows())
            return; // it has no such files
        Assert.Contains("is not the one", Assert.Throws<InvalidDataException>(() => ModelReference.Resolve("/dev/zero", new string('0', 64), path => [path])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disposed_stage_stops_however_many_read_it()
    {
        IDataView data = ml.Data.LoadFromEnumerable(PipelineData.Rows(40));
        ResTokTokenizer model = CreateModel();
        ResTokEncodingTransformer stage = ml.Transforms.ResTokEncode("Tokens", "Image", model, new() { BatchSize = 1 }).Fit(data);
        model.Dispose();
        model.Dispose(); // a second time must not take the stage's weights
        IDataView view = stage.Transform(data);
        Assert.NotEmpty(view.GetColumn<int[]>("Tokens").First());
        using var started = new CountdownEvent(4);
        Task[] readers = [.. Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(() =>
        {
            started.Signal();
            while (true)
                _ = view.GetColumn<int[]>("Tokens").Count();
        }, TaskCreationOptions.LongRunning))];
        started.Wait();
        stage.Dispose();
        AggregateException faults = Assert.Throws<AggregateException>(() => Task.WaitAll(readers));
        Assert.All(faults.InnerExceptions, fault => Assert.IsType<ObjectDisposedException>(fault));
    }

    private string Save()
    {
        IDataView data = ml.Data.LoadFromEnumerable(new[] { 0 }.Select(label => new Labelled { Label = label }));
        using ResTokGenerator generator = CreateGenerator();
        using ResTokGenerationTransformer stage = ml.Transforms.ResTokGenerate("Tokens", "Label", generator).Fit(data);
        string zip = Path.Combine(folder, "pipeline.zip");
        ml.Model.Save(stage, data.Schema, zip);
        return zip;
    }

    private sealed class Labelled
    {
        public int Label { get; set; }
    }
}
