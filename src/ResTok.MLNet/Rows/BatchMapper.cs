using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResTok.MLNet.Rows;

/// <summary>The same computation one row at a time, for <c>PredictionEngine</c> and mappers after this one.</summary>
internal sealed class BatchMapper(BatchTransformer transformer, DataViewSchema inputSchema) : IRowToRowMapper
{
    private readonly DataViewSchema.Column[] inputs = transformer.FindInputs(inputSchema);

    public DataViewSchema InputSchema => inputSchema;

    public DataViewSchema OutputSchema { get; } = transformer.GetOutputSchema(inputSchema);

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        var wanted = dependingColumns.Select(column => column.Index).ToHashSet();
        bool computes = wanted.Any(index => index >= InputSchema.Count);
        return InputSchema.Where(column => wanted.Contains(column.Index) || (computes && inputs.Any(input => input.Index == column.Index)));
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        var active = new bool[OutputSchema.Count];
        foreach (DataViewSchema.Column column in activeColumns)
            active[column.Index] = true;
        return new Row(transformer, input, OutputSchema, inputs, active);
    }

    private sealed class Row(BatchTransformer transformer, DataViewRow input, DataViewSchema schema, DataViewSchema.Column[] inputs, bool[] active) : DataViewRow
    {
        private readonly InvalidRows invalid = transformer.CountInvalidRows();
        private readonly RowComputation? computation = active.AsSpan(input.Schema.Count).Contains(true) ? new(transformer, input, inputs) : null;

        public override DataViewSchema Schema => schema;

        public override long Position => input.Position;

        public override long Batch => input.Batch;

        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

        public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Columns.CheckActive(active, column);
            return column.Index < input.Schema.Count
                ? RowFaults.Guard<TValue>(input, input.Schema[column.Index], invalid)
                : computation!.Getter<TValue>(column);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                computation?.Dispose();
                invalid.Dispose();
                input.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
