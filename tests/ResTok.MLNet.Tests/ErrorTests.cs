using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

/// <summary>Faults name the column, the row and the value.</summary>
public sealed class ErrorTests : IDisposable
{
    private readonly MLContext ml = new(seed: 1);
    private readonly ResTokModel model = CreateModel();

    public void Dispose() => model.Dispose();

    [Fact]
    public void Schemas()
    {
        IDataView data = ml.Data.LoadFromEnumerable(PipelineData.Rows(1));
        AssertFault("There is no column 'Nope'", () => ml.Transforms.ResTokEncode("Tokens", "Nope", model).Fit(data));
        AssertFault("Column 'Name' must hold images", () => ml.Transforms.ResTokEncode("Tokens", "Name", model).Fit(data));
        AssertFault("There is no column 'Nope'", () => ml.Transforms.CopyColumns("Id2", "Id").Append(ml.Transforms.ResTokEncode("Tokens", "Nope", model)).Fit(data));
        AssertFault("'Name' must be a vector of Int32 or of keys", () => ml.Transforms.ResTokDecode("Picture", "Name", model).Fit(data));
        AssertFault("from 1 to the model's 16", () => ml.Transforms.ResTokDecode("Picture", "Tokens", model, 17));
        AssertFault("Column 'Name' of token counts", () => ml.Transforms.ResTokEncode("Tokens", "Image", model)
            .Append(ml.Transforms.ResTokDecode("Picture", "Tokens", model, options: new() { TokenCountColumnName = "Name" })).Fit(data));
        AssertFault("batch size must be at least 1", () => ml.Transforms.ResTokEncode("Tokens", "Image", model, new() { BatchSize = 0 }));
    }

    [Fact]
    public void Values()
    {
        List<Row> rows = PipelineData.Rows(3);
        rows[1].Image = null!;
        AssertRowFault("Column 'Image' has no image in row 1", Encode(rows, new()));
        rows[1].Image = Picture(1, 20, 32);
        AssertRowFault("Column 'Image', row 1: The picture has 20 x 32 pixels, but must have 32 x 32", Encode(rows, new() { Resize = ResTokResize.Exact }));
        Assert.Equal(3, Encode(rows, new()).GetColumn<int[]>("Tokens").Count());

        AssertRowFault("Column 'Tokens' has the token 64 at index 2 of row 1, but tokens are 0 to 63", Decode([0, 64], 2));
        AssertRowFault("has the token -1", Decode([0, -1], 2));
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
