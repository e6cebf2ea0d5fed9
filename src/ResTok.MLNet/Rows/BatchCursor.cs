using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Interop;

namespace ResTok.MLNet.Rows;

/// <summary>
/// Reads ahead up to a batch of rows and runs the network when the first computed value of the batch is read. Batches start at
/// one row and grow fourfold, so that looking at a first row costs one row.
/// </summary>
internal sealed class BatchCursor : DataViewRowCursor, IRowSource
{
    private readonly BatchTransformer transformer;
    private readonly DataViewRowCursor input;
    private readonly DataViewSchema.Column[] inputs;
    private readonly LoadedImageFiles files;
    private readonly bool[] active;
    private readonly int batchSize;
    private readonly BatchRunner runner;
    private readonly ColumnBuffer?[] buffers; // of the active input columns
    private readonly ValueGetter<DataViewRowId> idGetter;
    private readonly long[] positions;
    private readonly long[] batches;
    private readonly DataViewRowId[] ids;
    private int row = -1;
    private int rows;
    private int capacity = 1;
    private int writing;
    private bool hasRun;
    private bool ended;

    public BatchCursor(
        BatchTransformer transformer, DataViewRowCursor input, DataViewSchema schema, DataViewSchema.Column[] inputs, bool[] active, LoadedImageFiles files)
    {
        this.transformer = transformer;
        this.input = input;
        this.inputs = inputs;
        this.files = files;
        this.active = active;
        Schema = schema;
        batchSize = transformer.BatchSize;
        idGetter = input.GetIdGetter();
        buffers = [.. input.Schema.Select(column => active[column.Index] ? ColumnBuffer.Create(input, column, files, batchSize) : null)];
        positions = new long[batchSize];
        batches = new long[batchSize];
        ids = new DataViewRowId[batchSize];
        runner = transformer.CreateRunner(this, inputs, batchSize);
    }

    public override DataViewSchema Schema { get; }

    public override long Position => row < 0 || rows == 0 ? -1 : positions[row];

    public override long Batch => row < 0 || rows == 0 ? 0 : batches[row];

    public override bool MoveNext()
    {
        if (ended && row + 1 >= rows)
        {
            rows = 0;
            return false;
        }
        if (++row < rows)
            return true;
        row = 0;
        rows = 0;
        hasRun = false;
        while (rows < capacity)
        {
            if (!input.MoveNext())
            {
                ended = true;
                break;
            }
            writing = rows;
            string? unreadable = null;
            foreach (ColumnBuffer? buffer in buffers)
            {
                // Of its own columns, the runner says so.
                if (buffer?.Read(rows) is { } fault && !inputs.Any(column => column.Index == buffer.Column.Index))
                    unreadable ??= RowFaults.Describe(buffer.Column, input.Position, fault);
            }
            positions[rows] = input.Position;
            batches[rows] = input.Batch;
            idGetter(ref ids[rows]);
            runner.Read(rows, input.Position, unreadable);
            rows++;
        }
        capacity = Math.Min(4 * capacity, batchSize);
        return rows > 0;
    }

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = ids[CurrentRow()];

    public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        Columns.CheckActive(active, column);
        if (column.Index >= buffers.Length)
            return Columns.Typed<TValue>(runner.Getter(column.Index - buffers.Length, ComputedRow), column);
        ColumnBuffer<TValue> buffer = buffers[column.Index] as ColumnBuffer<TValue> ?? throw Columns.WrongType<TValue>(column);
        return (ref TValue value) => ValueCopier<TValue>.Copy(buffer[CurrentRow()], ref value);
    }

    /// <summary>For the runner: the row being read. A column that is also passed on is not read (and decoded) twice.</summary>
    ValueGetter<T> IRowSource.GetGetter<T>(DataViewSchema.Column column) => buffers[column.Index] is ColumnBuffer<T> buffer
        ? (ref T value) => value = buffer.Value(writing)
        : RowFaults.Getter<T>(input, column, files);

    ValueGetter<DataViewRowId> IRowSource.GetIdGetter() => input.GetIdGetter();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (ColumnBuffer? buffer in buffers)
                buffer?.Dispose();
            runner.Dispose();
            input.Dispose();
        }
        base.Dispose(disposing);
    }

    private int CurrentRow() => row >= 0 && rows > 0 ? row : throw new InvalidOperationException("The cursor stands at no row.");

    private int ComputedRow()
    {
        int current = CurrentRow();
        if (!hasRun)
        {
            transformer.CheckAlive();
            runner.Run(rows);
            hasRun = true;
        }
        return current;
    }
}
