using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResTok.MLNet.Rows;

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

    public static ValueGetter<T> Typed<T>(Delegate getter, DataViewSchema.Column column) => getter as ValueGetter<T> ?? throw WrongType<T>(column);

    public static InvalidOperationException WrongType<T>(DataViewSchema.Column column) =>
        new($"Column '{column.Name}' has values of type {column.Type.RawType}, not {typeof(T)}.");
}
