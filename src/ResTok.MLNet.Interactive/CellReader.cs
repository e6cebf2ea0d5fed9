using System.Globalization;
using System.Net;
using System.Numerics;
using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.Models;

namespace ResTok.MLNet.Interactive;

/// <summary>Reads a column's values as HTML.</summary>
internal static class CellReader
{
    private const int LongestSide = 128, MostItems = 8, MostCharacters = 120;

    /// <summary>What gives the value of the row that the source stands at.</summary>
    public static Func<string> Create(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type.RawType == typeof(MLImage))
            return Image(row.GetGetter<MLImage>(column));
        return column.Type is VectorDataViewType vector
            ? Call<Func<string>>(nameof(Vector), vector.ItemType.RawType, row, column)
            : Call<Func<string>>(nameof(Scalar), column.Type.RawType, row, column);
    }

    // Whoever reads an image owns it, except where the source gives its own: then it gives the same one again.
    private static Func<string> Image(ValueGetter<MLImage> getter) => () =>
    {
        MLImage? image = null, again = null;
        getter(ref image!);
        getter(ref again!);
        try
        {
            return image is null ? "" : ImageHtml.Tag(image, LongestSide);
        }
        finally
        {
            if (!ReferenceEquals(image, again))
            {
                image?.Dispose();
                again?.Dispose();
            }
        }
    };

    private static Func<string> Scalar<T>(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<T> getter = row.GetGetter<T>(column);
        Func<T, string> text = Text<T>(column, column.Type);
        T value = default!;
        return () =>
        {
            getter(ref value);
            return Shown(text(value));
        };
    }

    private static Func<string> Vector<T>(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<VBuffer<T>> getter = row.GetGetter<VBuffer<T>>(column);
        var type = (VectorDataViewType)column.Type;
        Func<T, string> text = Text<T>(column, type.ItemType);
        int first = type.ItemType is KeyDataViewType ? 1 : 0;
        TokenLevels? levels = LevelsOf(column, type);
        VBuffer<T> value = default;
        return () =>
        {
            getter(ref value);
            if (levels is not null)
                return new TokenStrip(value.DenseValues().Select(item => Convert.ToInt32(item, CultureInfo.InvariantCulture) - first), levels).ToHtml();
            string items = string.Join(", ", value.DenseValues().Take(MostItems).Select(text));
            return Shown(items) + (value.Length > MostItems ? string.Create(CultureInfo.InvariantCulture, $", … ({value.Length} in all)") : "");
        };
    }

    /// <summary>The levels of a column of tokens, which its slot names tell, or null for any other column.</summary>
    private static TokenLevels? LevelsOf(DataViewSchema.Column column, VectorDataViewType type) =>
        (type.ItemType == NumberDataViewType.Int32 || type.ItemType is KeyDataViewType)
        && type.Size is >= 2 and <= 512 && BitOperations.IsPow2(type.Size)
        && Names(column, "SlotNames") is [var name, ..] && name == "level0.0" ? new TokenLevels(type.Size) : null;

    private static Func<T, string> Text<T>(DataViewSchema.Column column, DataViewType type)
    {
        if (type is not KeyDataViewType)
            return value => Text(value);
        string[]? names = Names(column, "KeyValues");
        return value => Convert.ToUInt64(value, CultureInfo.InvariantCulture) switch
        {
            0 => "missing",
            var key when key <= (ulong)(names?.Length ?? 0) => names![key - 1],
            var key => key.ToString(CultureInfo.InvariantCulture),
        };
    }

    private static string Text(object? value) => value switch
    {
        float number => number.ToString("g6", CultureInfo.InvariantCulture),
        double number => number.ToString("g6", CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value?.ToString() ?? "", // of ReadOnlyMemory<char>, the characters
    };

    private static string[]? Names(DataViewSchema.Column column, string annotation) =>
        column.Annotations.Schema.GetColumnOrNull(annotation)?.Type is VectorDataViewType type
            ? Call<string[]>(nameof(ReadNames), type.ItemType.RawType, column, annotation) : null;

    private static string[] ReadNames<T>(DataViewSchema.Column column, string annotation)
    {
        VBuffer<T> names = default;
        column.Annotations.GetValue(annotation, ref names);
        return [.. names.DenseValues().Select(name => Text(name))];
    }

    private static string Shown(string text) => WebUtility.HtmlEncode(text.Length > MostCharacters ? text[..MostCharacters] + "…" : text);

    /// <summary>Calls a method of this class for a type that only the schema knows.</summary>
    private static TResult Call<TResult>(string method, Type type, params object[] arguments) =>
        (TResult)typeof(CellReader).GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(type)
            .Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null)!;
}
