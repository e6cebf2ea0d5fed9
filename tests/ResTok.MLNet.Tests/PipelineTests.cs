using Microsoft.ML;
using Microsoft.ML.Data;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

public sealed class PipelineTests : PipelineFixture
{
    [Fact]
    public void Only_what_is_read_is_computed()
    {
        string folder = Directory.CreateTempSubdirectory("restok-test-").FullName;
        try
        {
            using (ResTok.Models.ImageTokenizer tokenizer = TinyModels.CreateTokenizer())
                tokenizer.Save(folder);
            using ResTokTokenizer lazy = ResTokTokenizer.Load(folder);
            ITransformer fitted = ml.Transforms.ResTokEncode("Tokens", "Image", lazy).Fit(Data);
            File.Move(Path.Combine(folder, "model.safetensors"), Path.Combine(folder, "away"));
            IDataView view = fitted.Transform(Data);
            Assert.Equal(21, view.GetColumn<string>("Name").Count()); // no weights, no run
            Assert.ThrowsAny<IOException>(() => view.GetColumn<int[]>("Tokens").First());
            File.Move(Path.Combine(folder, "away"), Path.Combine(folder, "model.safetensors"));
            Assert.Equal(16, view.GetColumn<int[]>("Tokens").First().Length);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Downstream_stages_work()
    {
        ITransformer fitted = ml.Transforms.ResTokEncode("Tokens", "Image", model)
            .Append(ml.Transforms.Conversion.ConvertType("Floats", "Tokens", DataKind.Single))
            .Append(ml.Transforms.NormalizeMinMax("Scaled", "Floats"))
            .Fit(Data);
        IDataView view = fitted.Transform(Data);
        string[] expected = Expected(fitted);
        Assert.Single(ml.Data.TakeRows(view, 1).GetColumn<int[]>("Tokens"));
        Assert.Equal(5, view.Preview(5).RowView.Length);
        IDataView cached = ml.Data.Cache(view, "Tokens");
        Assert.Equal(expected, cached.GetColumn<int[]>("Tokens").Select(Join));
        Assert.All(
            ml.Data.CreateEnumerable<Encoded>(ml.Data.ShuffleRows(view, seed: 2), reuseRowObject: false),
            row => Assert.Equal((expected[row.Id], $"row {row.Id}"), (Join(row.Tokens), row.Name)));

        using var stream = new MemoryStream();
        ml.Data.SaveAsBinary(ml.Transforms.SelectColumns("Id", "Tokens").Fit(view).Transform(view), stream);
        Assert.True(stream.Length > 0);
        var trainer = ml.Transforms.Conversion.MapValueToKey("Label", "Name").Append(ml.Transforms.DropColumns("Image"))
            .AppendCacheCheckpoint(ml).Append(ml.MulticlassClassification.Trainers.SdcaMaximumEntropy("Label", "Scaled", maximumNumberOfIterations: 2));
        Assert.Equal(21, trainer.Fit(view).Transform(view).GetColumn<uint>("PredictedLabel").Count());
    }

    [Fact]
    public void Weights_live_as_long_as_anyone_uses_them()
    {
        ResTokTokenizer handle = CreateModel();
        ResTokEncodingTransformer one = ml.Transforms.ResTokEncode("Tokens", "Image", handle).Fit(Data);
        ResTokEncodingTransformer two = ml.Transforms.ResTokEncode("Tokens", "Image", handle).Fit(Data);
        handle.Dispose();
        handle.Dispose();
        one.Dispose();
        one.Dispose();
        Assert.Equal(21, Expected(two).Length);
        two.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Expected(two));
        Assert.Throws<ObjectDisposedException>(() => ml.Transforms.ResTokEncode("Tokens", "Image", handle).Fit(Data));
    }

    [Fact]
    public void Sixteen_threads_share_one_model()
    {
        using ResTokEncodingTransformer encode = ml.Transforms.ResTokEncode("Tokens", "Image", model).Fit(Data);
        string[] expected = Expected(encode);
        Parallel.For(0, 16, new ParallelOptions { MaxDegreeOfParallelism = 16 }, _ => Assert.Equal(expected, Expected(encode)));
    }

    [Fact]
    public void A_missing_gpu_falls_back_only_where_allowed()
    {
        string folder = Directory.CreateTempSubdirectory("restok-test-").FullName;
        try
        {
            using (ResTok.Models.ImageTokenizer tokenizer = TinyModels.CreateTokenizer())
                tokenizer.Save(folder);
            using ResTokTokenizer onGpu = ResTokTokenizer.Load(folder);
            var messages = new List<string>();
            var strict = new MLContext { GpuDeviceId = 99, FallbackToCpu = false };
            var lenient = new MLContext { GpuDeviceId = 99, FallbackToCpu = true };
            lenient.Log += (_, message) => { lock (messages) messages.Add(message.Message); };
            IDataView Tokens(MLContext context) => context.Transforms.ResTokEncode("Tokens", "Image", onGpu).Fit(Data).Transform(Data);
            Assert.Contains("FallbackToCpu", Assert.Throws<InvalidOperationException>(() => Tokens(strict).GetColumn<int[]>("Tokens").First()).Message, StringComparison.Ordinal);
            Assert.Equal(16, Tokens(lenient).GetColumn<int[]>("Tokens").First().Length);
            Assert.Contains(messages, message => message.Contains("GPU 99", StringComparison.Ordinal));
            Assert.Contains(messages, message => message.Contains("Loaded the ResTok tokenizer", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
