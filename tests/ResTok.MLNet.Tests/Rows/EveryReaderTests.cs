using Microsoft.ML;
using Microsoft.ML.Data;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

/// <summary>A row that cannot be read is the same to every reader, whichever columns are read.</summary>
public sealed class EveryReaderTests : IDisposable
{
    private static readonly ResTokEncodingEstimator.Options Missing = new() { TokensAsKeys = true, OnInvalidRow = InvalidRowHandling.Missing };

    private readonly MLContext ml = new(seed: 1);
    private readonly ResTokTokenizer model = CreateModel();
    private readonly string folder = Directory.CreateTempSubdirectory("restok-test-").FullName;

    public EveryReaderTests()
    {
        File.WriteAllBytes(Path.Combine(folder, "good.png"), TestPng.Write(40, 36));
        File.WriteAllBytes(Path.Combine(folder, "broken.png"), [1, 2, 3]);
        File.WriteAllBytes(Path.Combine(folder, "cut.png"), TestPng.Write(40, 36)[..^40]);
    }

    public void Dispose()
    {
        model.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    public static TheoryData<string> Bad => ["broken.png", "cut.png", "absent.png", ".", ""];

    [Theory]
    [MemberData(nameof(Bad))]
    public void Missing_rows_are_missing_in_every_view(string bad)
    {
        IDataView view = Encode(Missing, "good.png", bad, "good.png");
        AssertRows(view, "Tokens");
        Assert.Equal([true, false, true], Images(view)); // the image alone
        IDataView twice = ml.Transforms.ResTokEncode("Again", "Image", model, Missing).Fit(view).Transform(view);
        AssertRows(twice, "Tokens", "Again");
        Assert.Equal([false, true, false], twice.GetColumn<uint[]>("Again").Select(row => row[0] == 0));
        Assert.Equal([true, false, true], Images(twice));
        IDataView decoded = ml.Transforms.ResTokDecode("Rebuilt", "Tokens", model, options: new() { OnInvalidRow = InvalidRowHandling.Missing }).Fit(view).Transform(view);
        AssertRows(decoded, "Tokens");
        Assert.Equal([false, true, false], decoded.Preview().RowView.Select(row => Value(row, "Rebuilt") is null));

        using PredictionEngine<Named, Keys> engine = ml.Model.CreatePredictionEngine<Named, Keys>(Pipeline(Missing).Fit(view));
        Assert.Equal([false, true, false], new[] { "good.png", bad, "good.png" }.Select(path => engine.Predict(new() { Path = path }).Tokens[0] == 0));
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void Failing_rows_name_column_and_row_in_every_view(string bad)
    {
        IDataView view = Encode(new(), "good.png", bad, "good.png");
        IDataView decoded = ml.Transforms.ResTokDecode("Rebuilt", "Tokens", model).Fit(view).Transform(view);
        foreach (IDataView each in new[] { view, decoded })
        {
            AssertFault(() => each.GetColumn<int[]>("Tokens").Count());
            AssertFault(() => each.Preview());
            if (bad.Length > 0) // no path is no image, which is no fault of the column's
                AssertFault(() => Images(each));
        }

        void AssertFault(Action action)
        {
            string message = Assert.Throws<InvalidOperationException>(action).Message;
            Assert.StartsWith("Column 'Image' has no ", message, StringComparison.Ordinal);
            Assert.Contains("in row 1", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Columns_made_of_an_image_are_missing_with_it()
    {
        IDataView data = Paths("good.png", "broken.png", "good.png");
        IDataView view = ml.Transforms.LoadImages("Image", folder, "Path").Append(ml.Transforms.ResizeImages("Small", 8, 8, "Image")).Append(ml.Transforms.ExtractPixels("Pixels", "Small"))
            .Append(ml.Transforms.ResTokEncode("Tokens", "Small", model, Missing)).Fit(data).Transform(data);
        DataDebuggerPreview preview = view.Preview();
        Assert.Equal([false, true, false], preview.RowView.Select(row => Value(row, "Image") is null));
        Assert.Equal([false, true, false], preview.RowView.Select(row => Value(row, "Small") is null));
        Assert.Equal([false, true, false], preview.RowView.Select(row => ((VBuffer<float>)Value(row, "Pixels")).DenseValues().All(float.IsNaN)));
        Assert.Equal([false, true, false], view.GetColumn<uint[]>("Tokens").Select(row => row[0] == 0));
    }

    [Fact]
    public void An_image_that_was_disposed_is_an_unreadable_row()
    {
        List<Row> rows = PipelineData.Rows(3);
        rows[1].Image.Dispose();
        IDataView data = ml.Data.LoadFromEnumerable(rows);
        IDataView view = ml.Transforms.ResTokEncode("Tokens", "Image", model, Missing).Fit(data).Transform(data);
        Assert.Equal([false, true, false], view.GetColumn<uint[]>("Tokens").Select(row => row[0] == 0));
        AssertRows(view, "Tokens");
        IDataView failing = ml.Transforms.ResTokEncode("Tokens", "Image", model).Fit(data).Transform(data);
        Assert.Contains("Column 'Image' has no readable image in row 1: Object is disposed", Assert.Throws<InvalidOperationException>(() => failing.GetColumn<int[]>("Tokens").Count()).Message, StringComparison.Ordinal);
        Assert.Contains("in row 1", Assert.Throws<InvalidOperationException>(() => failing.Preview()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_of_the_model_is_none_of_the_row()
    {
        using ResTokTokenizer other = CreateModel();
        IDataView data = ml.Data.LoadFromEnumerable(PipelineData.Rows(3));
        ResTokEncodingTransformer encode = ml.Transforms.ResTokEncode("Tokens", "Image", other, new() { TokensAsKeys = true }).Fit(data);
        IDataView view = ml.Transforms.ResTokDecode("Rebuilt", "Tokens", model, options: new() { OnInvalidRow = InvalidRowHandling.Missing }).Fit(encode.Transform(data)).Transform(encode.Transform(data));
        encode.Dispose();
        other.Dispose();
        Assert.Throws<ObjectDisposedException>(() => view.GetColumn<MLImage?>("Rebuilt").Count());
    }

    private static void AssertRows(IDataView view, params string[] tokens)
    {
        DataDebuggerPreview preview = view.Preview();
        Assert.Equal([false, true, false], preview.RowView.Select(row => Value(row, "Image") is null));
        foreach (string column in tokens)
            Assert.Equal([false, true, false], preview.RowView.Select(row => ((VBuffer<uint>)Value(row, column)).DenseValues().First() == 0));
    }

    private static object Value(DataDebuggerPreview.RowInfo row, string column) => row.Values.Single(pair => pair.Key == column).Value;

    private static bool[] Images(IDataView view) => [.. view.GetColumn<MLImage?>("Image").Select(image => image is not null)];

    private EstimatorChain<ResTokEncodingTransformer> Pipeline(ResTokEncodingEstimator.Options options) =>
        ml.Transforms.LoadImages("Image", folder, "Path").Append(ml.Transforms.ResTokEncode("Tokens", "Image", model, options));

    private IDataView Paths(params string[] files) => ml.Data.LoadFromEnumerable(files.Select(file => new Named { Path = file }));

    private IDataView Encode(ResTokEncodingEstimator.Options options, params string[] files)
    {
        IDataView data = Paths(files);
        return Pipeline(options).Fit(data).Transform(data);
    }

    private sealed class Named
    {
        public string Path { get; set; } = "";
    }

    private sealed class Keys
    {
        [VectorType(16), KeyType(64)]
        public uint[] Tokens { get; set; } = [];
    }
}
