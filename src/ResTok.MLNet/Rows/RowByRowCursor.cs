using Microsoft.ML;
using ResTok.MLNet.Interop;

namespace ResTok.MLNet.Rows;

/// <summary>Computes one row at a time, and only those whose computed columns are read: for what batches do not make faster.</summary>
internal sealed class RowByRowCursor(
    BatchTransformer transformer, DataViewRowCursor input, DataViewSchema schema, DataViewSchema.Column[] inputs, bool[] active, LoadedImageFiles files)
    : PassThroughCursor(transformer, input, schema, active, files)
{
    private readonly int passed = input.Schema.Count;
    private readonly RowComputation computation = new(transformer, input, inputs);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        column.Index < passed || !IsColumnActive(column) ? base.GetGetter<TValue>(column) : computation.Getter<TValue>(column);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            computation.Dispose();
        base.Dispose(disposing);
    }
}
