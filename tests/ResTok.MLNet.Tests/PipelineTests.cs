using Microsoft.ML;
using Microsoft.ML.Data;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

public sealed class PipelineTests : IDisposable
{
    private readonly MLContext ml = new(seed: 1);
    private readonly ResTokTokenizer model = CreateModel();
    private readonly List<Row> rows = PipelineData.Rows(21);

    public void Dispose() => model.Dispose();

    private IDataView Data => ml.Data.LoadFromEnumerable(rows);

    private string[] Expected(ITransformer pipeline) => [.. pipeline.Transform(Data).GetColumn<int[]>("Tokens").Select(Join)];

    [Fact]
    public void Tokens_have_slot_names_and_differ_between_pictures()
    {
        using ResTokEncodingTransformer encode = ml.Transforms.ResTokEncode("Tokens", "Image", model).Fit(Data);
        IDataView view = encode.Transform(Data);
        var type = Assert.IsType<VectorDataViewType>(view.Schema["Tokens"].Type);
        Assert.Equal((16, NumberDataViewType.Int32), (type.Size, type.ItemType));
        VBuffer<ReadOnlyMemory<char>> names = default;
        view.Schema["Tokens"].GetSlotNames(ref names);
        Assert.Equal(["level0.0", "level1.0", "level2.0", "level2.1", "level3.0"], names.DenseValues().Take(5).Select(name => name.ToString()));
        Assert.True(Expected(encode).Distinct().Count() > 10);
    }

    [Fact]
    public void Batch_size_row_order_and_cursors_do_not_change_tokens()
    {
        string[] expected = Tokens(batch: 1, Data);
        Assert.Equal(expected, Tokens(batch: 3, Data));
        Assert.Equal(expected, Tokens(batch: 16, Data));

        using ResTokEncodingTransformer encode = ml.Transforms.ResTokEncode("Tokens", "Image", model).Fit(Data);
        IDataView view = encode.Transform(Data);
        var seen = new System.Collections.Concurrent.ConcurrentDictionary<int, string>();
        Parallel.ForEach(view.GetRowCursorSet([view.Schema["Id"], view.Schema["Tokens"]], 4), cursor =>
        {
            using (cursor)
            {
                ValueGetter<int> id = cursor.GetGetter<int>(view.Schema["Id"]);
                ValueGetter<VBuffer<int>> tokens = cursor.GetGetter<VBuffer<int>>(view.Schema["Tokens"]);
                VBuffer<int> value = default;
                int key = 0;
                while (cursor.MoveNext())
                {
                    id(ref key);
                    tokens(ref value);
                    Assert.True(seen.TryAdd(key, Join(value.DenseValues())));
                }
            }
        });
        Assert.Equal(expected, seen.OrderBy(pair => pair.Key).Select(pair => pair.Value));

        string[] Tokens(int batch, IDataView data)
        {
            using ResTokEncodingTransformer transformer = ml.Transforms.ResTokEncode("Tokens", "Image", model, new() { BatchSize = batch }).Fit(data);
            return Expected(transformer);
        }
    }

    [Fact]
    public void Keys_latents_and_features_come_with_the_tokens()
    {
        var pipeline = ml.Transforms.ResTokEncode("Keys", "Image", model, new() { TokensAsKeys = true, LatentsColumnName = "Latents", FeaturesColumnName = "Features" })
            .Append(ml.Transforms.ResTokEncode("Tokens", "Image", model))
            .Append(ml.Transforms.Conversion.MapKeyToVector("OneHot", "Keys"));
        ITransformer fitted = pipeline.Fit(Data);
        IDataView view = fitted.Transform(Data);
        var key = Assert.IsType<KeyDataViewType>(Assert.IsType<VectorDataViewType>(view.Schema["Keys"].Type).ItemType);
        Assert.Equal(64UL, key.Count);
        int[][] tokens = [.. view.GetColumn<int[]>("Tokens")];
        uint[][] keys = [.. view.GetColumn<uint[]>("Keys")];
        Assert.Equal(tokens.Select(row => row.Select(token => (uint)token + 1)), keys);
        Assert.All(view.GetColumn<float[]>("Latents"), latents => Assert.Equal(8 * 16, latents.Length));
        Assert.Equal(21, view.GetColumn<float[]>("Features").Select(features => string.Join(",", features)).Distinct().Count());
        Assert.Equal(16 * 64, Assert.IsType<VectorDataViewType>(view.Schema["OneHot"].Type).Size);
    }

    [Fact]
    public void Decoding_takes_all_tokens_a_prefix_a_count_column_or_keys()
    {
        ITransformer fitted = ml.Transforms.ResTokEncode("Tokens", "Image", model)
            .Append(ml.Transforms.ResTokEncode("Keys", "Image", model, new() { TokensAsKeys = true }))
            .Append(ml.Transforms.ResTokDecode("All", "Tokens", model))
            .Append(ml.Transforms.ResTokDecode("FromKeys", "Keys", model))
            .Append(ml.Transforms.ResTokDecode("Four", "Tokens", model, tokenCount: 4))
            .Append(ml.Transforms.ResTokDecode("Each", "Tokens", model, options: new() { TokenCountColumnName = "Count" }))
            .Fit(Data);
        IDataView view = fitted.Transform(Data);
        byte[][] all = Pixels("All"), keys = Pixels("FromKeys"), four = Pixels("Four"), each = Pixels("Each");
        Assert.Equal(all, keys);
        Assert.NotEqual(all[0], four[0]);
        Assert.Equal(four[3], each[3]); // row 3 counts 4
        Assert.Equal(all[15], each[15]); // row 15 counts 16
        Assert.All(all, pixels => Assert.Equal(32 * 32 * 4, pixels.Length));

        byte[][] Pixels(string name) => [.. view.GetColumn<MLImage>(name).Select(image => { using (image) return image.Pixels.ToArray(); })];
    }

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
    public void Prediction_engines_predict_and_pictures_keep_their_values()
    {
        ITransformer fitted = ml.Transforms.ResTokEncode("Tokens", "Image", model).Append(ml.Transforms.ResTokDecode("Picture", "Tokens", model)).Fit(Data);
        string[] expected = Expected(fitted);
        using PredictionEngine<Row, Decoded> first = ml.Model.CreatePredictionEngine<Row, Decoded>(fitted, Data.Schema);
        Decoded a = first.Predict(rows[3]), b = first.Predict(rows[4]);
        Assert.Equal(expected[3], Join(a.Tokens));
        Assert.Equal(expected[4], Join(b.Tokens));
        Assert.False(a.Picture.Pixels.SequenceEqual(b.Picture.Pixels));
        a.Picture.Dispose();
        b.Picture.Dispose();
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
