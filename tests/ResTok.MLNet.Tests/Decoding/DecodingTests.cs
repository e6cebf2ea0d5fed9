using Microsoft.ML;
using Microsoft.ML.Data;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests.Decoding;

/// <summary>What ResTokDecode gives.</summary>
public sealed class DecodingTests : PipelineFixture
{
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
    public void Prediction_engines_predict_and_images_keep_their_values()
    {
        ITransformer fitted = ml.Transforms.ResTokEncode("Tokens", "Image", model).Append(ml.Transforms.ResTokDecode("Rebuilt", "Tokens", model)).Fit(Data);
        string[] expected = Expected(fitted);
        using PredictionEngine<Row, Decoded> first = ml.Model.CreatePredictionEngine<Row, Decoded>(fitted, Data.Schema);
        Decoded a = first.Predict(rows[3]), b = first.Predict(rows[4]);
        Assert.Equal(expected[3], Join(a.Tokens));
        Assert.Equal(expected[4], Join(b.Tokens));
        Assert.False(a.Rebuilt.Pixels.SequenceEqual(b.Rebuilt.Pixels));
        a.Rebuilt.Dispose();
        b.Rebuilt.Dispose();
    }
}
