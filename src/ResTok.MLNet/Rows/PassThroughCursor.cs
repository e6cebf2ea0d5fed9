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

/// <summary>Checks that stages, cursors and rows share.</summary>
internal static class Columns
{
    public static void CheckActive(bool[] active, DataViewSchema.Column column)
    {
        if (!active[column.Index])
            throw new ArgumentException($"Column '{column.Name}' was not asked for when the cursor was made.", nameof(column));
    }

    /// <exception cref="ArgumentException">A name is given, but empty.</exception>
    public static void CheckNames(params ReadOnlySpan<(string Option, string? Name)> columns)
    {
        foreach ((string option, string? name) in columns)
        {
            if (name is "")
                throw new ArgumentException($"{option} is empty. Name a column, or leave it null.", "options");
        }
    }

    /// <exception cref="ArgumentException">Two columns that a stage adds have one name, so that one would hide the other, or a name is empty.</exception>
    public static void CheckOutputs(params ReadOnlySpan<(string Option, string? Name)> columns)
    {
        CheckNames(columns);
        for (int i = 0; i < columns.Length; i++)
        {
            foreach ((string option, string? name) in columns[..i])
            {
                if (name is not null && name == columns[i].Name)
                    throw new ArgumentException($"{option} and {columns[i].Option} are both '{name}', so that one column would hide the other. Give them different names.", "options");
            }
        }
    }

    public static ValueGetter<T> Typed<T>(Delegate getter, DataViewSchema.Column column) => getter as ValueGetter<T>
        ?? throw new InvalidOperationException($"Column '{column.Name}' has values of type {column.Type.RawType}, not {typeof(T)}.");
}
