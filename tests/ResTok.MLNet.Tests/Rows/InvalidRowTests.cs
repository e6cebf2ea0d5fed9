using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.Models;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

/// <summary>Rows that cannot be used fail by name, or have missing values and leave the others as they are.</summary>
public sealed class InvalidRowTests : IDisposable
{
    private readonly MLContext ml = new(seed: 1);
    private readonly ResTokTokenizer model = CreateModel();
    private readonly List<string> warnings = [];

    public InvalidRowTests() => ml.Log += (_, entry) =>
    {
        if (entry.Kind == Microsoft.ML.Runtime.ChannelMessageKind.Warning)
            warnings.Add(entry.RawMessage);
    };

    public void Dispose() => model.Dispose();

    [Fact]
    public void Missing_images_have_missing_tokens_latents_features_and_decode_to_missing_images()
    {
        List<Row> rows = PipelineData.Rows(6);
        IDataView whole = Encode(rows);
        uint[][] expected = [.. whole.GetColumn<uint[]>("Tokens")];
        rows[0].Image = rows[4].Image = null!;
        IDataView view = Encode(rows);
        uint[][] tokens = [.. view.GetColumn<uint[]>("Tokens")];
        float[][] latents = [.. view.GetColumn<float[]>("Latents")], features = [.. view.GetColumn<float[]>("Features")];
        MLImage?[] images = [.. ml.Transforms.ResTokDecode("Rebuilt", "Tokens", model, options: new() { OnInvalidRow = InvalidRowHandling.Missing }).Fit(view).Transform(view).GetColumn<MLImage?>("Rebuilt")];
        for (int i = 0; i < rows.Count; i++)
        {
            bool missing = rows[i].Image is null;
            Assert.Equal(missing ? new uint[16] : expected[i], tokens[i]);
            Assert.Equal(missing, latents[i].All(float.IsNaN));
            Assert.Equal(missing, features[i].All(float.IsNaN));
            Assert.Equal(missing, images[i] is null);
            images[i]?.Dispose();
        }
        string warning = Assert.Single(warnings.Where(text => text.Contains("Column 'Image'", StringComparison.Ordinal)).Distinct());
        Assert.Contains("2 rows could not be used", warning, StringComparison.Ordinal);
        Assert.Contains("no image in row 0", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_tokens_decode_to_missing_images()
    {
        int[][] tokens = [new int[16], [64, .. new int[15]], [-1, .. new int[15]], new int[16]];
        IDataView data = ml.Data.LoadFromEnumerable(tokens.Select((row, i) => new Encoded { Id = i, Tokens = row }));
        IDataView view = ml.Transforms.ResTokDecode("Rebuilt", "Tokens", model, options: new() { OnInvalidRow = InvalidRowHandling.Missing, BatchSize = 3 }).Fit(data).Transform(data);
        MLImage?[] images = [.. view.GetColumn<MLImage?>("Rebuilt")];
        Assert.Equal([false, true, true, false], images.Select(image => image is null));
        Assert.True(images[0]!.Pixels.SequenceEqual(images[3]!.Pixels));
        foreach (MLImage? image in images)
            image?.Dispose();
        Assert.Contains(warnings, text => text.Contains("2 rows could not be used", StringComparison.Ordinal) && text.Contains("token 64 at index 0 of row 1", StringComparison.Ordinal));
    }

    [Fact]
    public void Labels_out_of_range_have_missing_tokens()
    {
        using ResTokGenerator generator = CreateGenerator();
        IDataView data = ml.Data.LoadFromEnumerable(new[] { 0, 5, -1, 4 }.Select(label => new Labelled { Label = label }));
        ResTokGenerationEstimator.Options options = new() { TokensAsKeys = true, OnInvalidRow = InvalidRowHandling.Missing };
        uint[][] tokens = [.. ml.Transforms.ResTokGenerate("Tokens", "Label", generator, options).Fit(data).Transform(data).GetColumn<uint[]>("Tokens")];
        Assert.Equal([false, true, true, false], tokens.Select(row => row.All(key => key == 0)));
        Assert.All([tokens[0], tokens[3]], row => Assert.DoesNotContain(0u, row));
    }

    [Fact]
    public void Int32_tokens_cannot_be_missing()
    {
        using ResTokGenerator generator = CreateGenerator();
        Assert.Contains("Set TokensAsKeys", Assert.Throws<ArgumentException>(() => ml.Transforms.ResTokEncode("Tokens", "Image", model, new() { OnInvalidRow = InvalidRowHandling.Missing })).Message, StringComparison.Ordinal);
        Assert.Contains("Set TokensAsKeys", Assert.Throws<ArgumentException>(() => ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { OnInvalidRow = InvalidRowHandling.Missing })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => ml.Transforms.ResTokDecode("Rebuilt", "Tokens", model, options: new() { OnInvalidRow = (InvalidRowHandling)7 }));
    }

    [Fact]
    public void The_choice_is_saved_and_a_prediction_engine_follows_it()
    {
        IDataView data = ml.Data.LoadFromEnumerable(PipelineData.Rows(1));
        string file = Path.GetTempFileName();
        try
        {
            ml.Model.Save(ml.Transforms.ResTokEncode("Tokens", "Image", model, new() { TokensAsKeys = true, OnInvalidRow = InvalidRowHandling.Missing }).Fit(data), data.Schema, file);
            using PredictionEngine<Row, Keys> engine = ml.Model.CreatePredictionEngine<Row, Keys>(ml.Model.Load(file, out _));
            Assert.All(engine.Predict(new() { Image = null! }).Tokens, key => Assert.Equal(0u, key));
            using MLImage image = TestImage(1);
            Assert.All(engine.Predict(new() { Image = image }).Tokens, key => Assert.NotEqual(0u, key));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData(1, 60_000)]
    [InlineData(60_000, 1)]
    [InlineData(1, 1)]
    public void Odd_images_are_encoded(int width, int height)
    {
        List<Row> rows = PipelineData.Rows(1);
        rows[0].Image.Dispose();
        rows[0].Image = TestImage(1, width, height);
        Assert.Single(Encode(rows).GetColumn<uint[]>("Tokens"));
        rows[0].Image.Dispose();
    }

    private IDataView Encode(List<Row> rows)
    {
        IDataView data = ml.Data.LoadFromEnumerable(rows);
        return ml.Transforms.ResTokEncode("Tokens", "Image", model, new()
        {
            TokensAsKeys = true,
            OnInvalidRow = InvalidRowHandling.Missing,
            LatentsColumnName = "Latents",
            FeaturesColumnName = "Features",
            BatchSize = 4,
        }).Fit(data).Transform(data);
    }

    private sealed class Labelled
    {
        public int Label { get; set; }
    }

    private sealed class Keys
    {
        [VectorType(16), KeyType(64)]
        public uint[] Tokens { get; set; } = [];
    }
}
