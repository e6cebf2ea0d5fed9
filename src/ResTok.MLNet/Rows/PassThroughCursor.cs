using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Interop;

namespace ResTok.MLNet.Rows;

/// <summary>For readers of other columns only: nothing is computed or kept.</summary>
internal class PassThroughCursor(BatchTransformer transformer, DataViewRowCursor input, DataViewSchema schema, bool[] active, LoadedImageFiles files) : DataViewRowCursor
{
    private readonly InvalidRows invalid = transformer.CountInvalidRows();

    public override DataViewSchema Schema => schema;

    public override long Position => input.Position;

    public override long Batch => input.Batch;

    public override bool MoveNext() => input.MoveNext();

    public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

    public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        Columns.CheckActive(active, column);
        return RowFaults.Guard<TValue>(input, input.Schema[column.Index], invalid, files);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            invalid.Dispose();
            input.Dispose();
        }
        base.Dispose(disposing);
    }
}
