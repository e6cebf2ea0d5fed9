using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

/// <summary>Faults name the column, the row and the value.</summary>
public sealed class ErrorTests : IDisposable
{
    private readonly MLContext ml = new(seed: 1);
    private readonly ResTokTokenizer model = CreateModel();

    public void Dispose() => model.Dispose();

    [Fact]
    public void Schemas()
    {
        IDataView data = ml.Data.LoadFromEnumerable(PipelineData.Rows(1));
        AssertFault("There is no column 'Nope'", () => ml.Transforms.ResTokEncode("Tokens", "Nope", model).Fit(data));
        AssertFault("Column 'Name' must hold images", () => ml.Transforms.ResTokEncode("Tokens", "Name", model).Fit(data));
        AssertFault("There is no column 'Nope'", () => ml.Transforms.CopyColumns("Id2", "Id").Append(ml.Transforms.ResTokEncode("Tokens", "Nope", model)).Fit(data));
        AssertFault("'Name' must be a vector of Int32 or of keys", () => ml.Transforms.ResTokDecode("Rebuilt", "Name", model).Fit(data));
        AssertFault("from 1 to the model's 16", () => ml.Transforms.ResTokDecode("Rebuilt", "Tokens", model, 17));
        AssertFault("Column 'Name' of token counts", () => ml.Transforms.ResTokEncode("Tokens", "Image", model)
            .Append(ml.Transforms.ResTokDecode("Rebuilt", "Tokens", model, options: new() { TokenCountColumnName = "Name" })).Fit(data));
        AssertFault("batch size must be at least 1", () => ml.Transforms.ResTokEncode("Tokens", "Image", model, new() { BatchSize = 0 }));
    }

    [Fact]
    public void Values()
    {
        List<Row> rows = PipelineData.Rows(3);
        rows[1].Image = null!;
        AssertRowFault("Column 'Image' has no image in row 1", Encode(rows, new()));
        rows[1].Image = TestImage(1, 20, 32);
        AssertRowFault("Column 'Image', row 1: The image has 20 x 32 pixels, but must have 32 x 32", Encode(rows, new() { Resize = ResTokResize.Exact }));
        Assert.Equal(3, Encode(rows, new()).GetColumn<int[]>("Tokens").Count());

        AssertRowFault("Column 'Tokens' has the token 64 at index 2 of row 1, but tokens are 0 to 63", Decode([0, 64], 2));
        AssertRowFault("has the token -1", Decode([0, -1], 2));
    }

    [Fact]
    public void Columns_of_one_name_are_refused()
    {
        AssertFault("both 'Tokens'", () => ml.Transforms.ResTokEncode("Tokens", "Image", model, new() { LatentsColumnName = "Tokens" }));
        AssertFault("both 'Tokens'", () => ml.Transforms.ResTokEncode("Tokens", "Image", model, new() { FeaturesColumnName = "Tokens" }));
        AssertFault("LatentsColumnName and FeaturesColumnName are both 'X'", () => ml.Transforms.ResTokEncode("Tokens", "Image", model, new() { LatentsColumnName = "X", FeaturesColumnName = "X" }));
        AssertFault("LatentsColumnName is empty", () => ml.Transforms.ResTokEncode("Tokens", "Image", model, new() { LatentsColumnName = "" }));
        AssertFault("TokenCountColumnName is empty", () => ml.Transforms.ResTokDecode("Rebuilt", "Tokens", model, options: new() { TokenCountColumnName = "" }));
        using ResTokGenerator generator = CreateGenerator();
        AssertFault("SeedColumnName is empty", () => ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { SeedColumnName = "" }));
        ml.Transforms.ResTokEncode("Tokens", "Image", model, new() { LatentsColumnName = "tokens", FeaturesColumnName = "Features" }); // names of ML.NET tell case
    }

    [Fact]
    public void Sizes_of_squares_are_checked_by_their_own_name()
    {
        using MLImage image = TestImage(1);
        foreach (int size in new[] { 0, -1, int.MinValue, 23_171, 30_000, 46_341, int.MaxValue })
        {
            ArgumentOutOfRangeException fault = Assert.Throws<ArgumentOutOfRangeException>(() => ResTokImages.Fit(image, size).Dispose());
            Assert.Equal(("size", (object)size), (fault.ParamName, fault.ActualValue));
        }
        Assert.Equal("resize", Assert.Throws<ArgumentOutOfRangeException>(() => ResTokImages.Fit(image, 32, (ResTokResize)9).Dispose()).ParamName);
        Assert.Equal("image", Assert.Throws<ArgumentNullException>(() => ResTokImages.Fit(null!, 32)).ParamName);
        using MLImage one = ResTokImages.Fit(image, 1);
        Assert.Equal(1, one.Width);

        // One pixel by ten million: the square needs a few rows of them.
        using MLImage high = MLImage.CreateFromPixels(1, 10_000_000, MLPixelFormat.Rgba32, new byte[40_000_000]);
        using MLImage square = ResTokImages.Fit(high, 256);
        Assert.Equal(256, square.Height);
        Assert.Contains("too high to be stretched to 256 x 256", Assert.Throws<ArgumentException>(() => ResTokImages.Fit(high, 256, ResTokResize.Stretch)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_engine_of_a_pipeline_says_how_to_have_two()
    {
        string file = Path.GetTempFileName();
        try
        {
            IDataView data = ml.Data.LoadFromEnumerable(PipelineData.Rows(1));
            ml.Model.Save(ml.Transforms.ResTokEncode("Tokens", "Image", model).Fit(data), data.Schema, file);
            Microsoft.ML.ITransformer loaded = ml.Model.Load(file, out _);
            using MLImage image = TestImage(1);
            for (int i = 0; i < 3; i++)
            {
                using var engine = ml.Model.CreatePredictionEngine<Row, Encoded>(loaded, new PredictionEngineOptions { OwnsTransformer = false });
                Assert.Equal(16, engine.Predict(new() { Image = image }).Tokens.Length);
            }
            ml.Model.CreatePredictionEngine<Row, Encoded>(loaded).Dispose();
            ObjectDisposedException fault = Assert.Throws<ObjectDisposedException>(() =>
            {
                using var engine = ml.Model.CreatePredictionEngine<Row, Encoded>(loaded);
                engine.Predict(new() { Image = image });
            });
            Assert.Contains("ResTok tokenizer was disposed, with the pipeline", fault.Message, StringComparison.Ordinal);
            Assert.Contains("PredictionEngineOptions { OwnsTransformer = false }", fault.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('`', fault.Message);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private IDataView Encode(List<Row> rows, ResTokEncodingEstimator.Options options)
    {
        IDataView data = ml.Data.LoadFromEnumerable(rows);
        return ml.Transforms.ResTokEncode("Tokens", "Image", model, options).Fit(data).Transform(data);
    }

    private IDataView Decode(int[] values, int index)
    {
        IDataView data = ml.Data.LoadFromEnumerable(values.Select(value =>
        {
            var row = new Encoded { Tokens = new int[16] };
            row.Tokens[index] = value;
            return row;
        }));
        return ml.Transforms.ResTokDecode("Tokens2", "Tokens", model).Fit(data).Transform(data);
    }

    private static void AssertFault(string why, Action action) => Assert.Contains(why, Assert.ThrowsAny<ArgumentException>(action).Message, StringComparison.Ordinal);

    private static void AssertRowFault(string why, IDataView view)
    {
        DataViewSchema.Column output = view.Schema[^1];
        Exception fault = Assert.Throws<InvalidOperationException>(() =>
        {
            using DataViewRowCursor cursor = view.GetRowCursor([output]);
            while (cursor.MoveNext())
            {
            }
        });
        Assert.Contains(why, fault.Message, StringComparison.Ordinal);
    }
}
