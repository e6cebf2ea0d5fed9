using Microsoft.ML;
using Microsoft.ML.Data;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests.Encoding;

/// <summary>What ResTokEncode gives.</summary>
public sealed class EncodingTests : PipelineFixture
{
    [Fact]
    public void Tokens_have_slot_names_and_differ_between_images()
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
    public void A_search_finds_tokens_that_rebuild_the_images_better_and_is_saved()
    {
        IDataView data = ml.Data.TakeRows(Data, 3);
        var searching = new ResTokEncodingEstimator.Options { SearchSteps = 60, LatentsColumnName = "Latents" };
        ITransformer fitted = ml.Transforms.ResTokEncode("Tokens", "Image", model).Append(ml.Transforms.ResTokDecode("Rebuilt", "Tokens", model))
            .Append(ml.Transforms.ResTokEncode("Found", "Image", model, searching)).Append(ml.Transforms.ResTokDecode("Better", "Found", model)).Fit(data);
        IDataView view = fitted.Transform(data);
        ImageCatalog images = ml.Images();
        double before = images.EvaluateReconstruction(view, "Image", "Rebuilt").Psnr, after = images.EvaluateReconstruction(view, "Image", "Better").Psnr;
        Assert.True(after > before + 0.01, $"{before:0.0000} dB became {after:0.0000} dB.");

        using var file = new MemoryStream();
        ml.Model.Save(fitted, data.Schema, file);
        file.Position = 0;
        ITransformer loaded = new MLContext(seed: 1).Model.Load(file, out _);
        IDataView again = loaded.Transform(data);
        Assert.Equal(view.GetColumn<int[]>("Found"), again.GetColumn<int[]>("Found"));
        Assert.NotEqual(view.GetColumn<int[]>("Found"), view.GetColumn<int[]>("Tokens"));
        Assert.Equal(view.GetColumn<float[]>("Latents"), again.GetColumn<float[]>("Latents"));
        (fitted as IDisposable)?.Dispose();
        (loaded as IDisposable)?.Dispose();
        foreach (int steps in new[] { -1, 201, int.MaxValue })
            Assert.Throws<ArgumentOutOfRangeException>(() => ml.Transforms.ResTokEncode("Tokens", "Image", model, new() { SearchSteps = steps }));
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
}
