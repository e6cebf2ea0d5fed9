using Microsoft.ML;
using ResTok.MLNet.Interop;

namespace ResTok.MLNet.Rows;

/// <summary>Data with a transformer's columns, computed when they are read.</summary>
internal sealed class BatchView(BatchTransformer transformer, IDataView input) : IDataView
{
    private readonly DataViewSchema.Column[] inputs = transformer.FindInputs(input.Schema);
    private readonly LoadedImageFiles files = new(input);

    public IDataView Input => input;

    public bool CanShuffle => input.CanShuffle;

    public DataViewSchema Schema { get; } = transformer.GetOutputSchema(input.Schema);

    public long? GetRowCount() => input.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        bool[] active = Active(columnsNeeded);
        return Wrap(input.GetRowCursor(Needed(active), rand), active);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        bool[] active = Active(columnsNeeded);
        return [.. input.GetRowCursorSet(Needed(active), n, rand).Select(cursor => Wrap(cursor, active))];
    }

    private DataViewRowCursor Wrap(DataViewRowCursor cursor, bool[] active) =>
        !Computes(active) ? new PassThroughCursor(transformer, cursor, Schema, active, files)
        : transformer.IsRowByRow ? new RowByRowCursor(transformer, cursor, Schema, inputs, active, files)
        : new BatchCursor(transformer, cursor, Schema, inputs, active, files);

    private bool[] Active(IEnumerable<DataViewSchema.Column> columns)
    {
        var active = new bool[Schema.Count];
        foreach (DataViewSchema.Column column in columns)
            active[column.Index] = true;
        return active;
    }

    private bool Computes(bool[] active) => active.AsSpan(input.Schema.Count).Contains(true);

    private List<DataViewSchema.Column> Needed(bool[] active)
    {
        bool computes = Computes(active);
        List<DataViewSchema.Column> needed = [.. input.Schema.Where(column => active[column.Index] || (computes && inputs.Any(read => read.Index == column.Index)))];
        return [.. needed.Union(files.PathsOf(needed))];
    }
}
