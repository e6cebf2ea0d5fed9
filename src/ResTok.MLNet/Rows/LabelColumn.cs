using System.Globalization;
using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.Models;

namespace ResTok.MLNet.Rows;

/// <summary>
/// A column of a generator's classes: numbers, names, or keys. A key whose values are known means its value and not its place, since
/// <c>MapValueToKey</c> numbers values in the order in which it meets them.
/// </summary>
internal static class LabelColumn
{
    /// <summary>Reads the row's class.</summary>
    /// <param name="row">Its position, for messages.</param>
    /// <param name="label">The class's number.</param>
    /// <returns>What is wrong with it, or null.</returns>
    public delegate string? Reader(long row, out int label);

    private const string What = "labels";

    /// <exception cref="ArgumentOutOfRangeException">The column is missing, of another type, or of names that the generator does not know.</exception>
    public static DataViewSchema.Column Find(DataViewSchema schema, string name, GeneratorConfig config)
    {
        DataViewSchema.Column? column = schema.GetColumnOrNull(name);
        if (column is { Type: TextDataViewType } text)
            return config.ClassNames is null ? throw NoNames(name) : text;
        DataViewSchema.Column label = IntegerColumn.Find(schema, name, What);
        return label.Type is KeyDataViewType key && key.Count > (ulong)config.Classes && ClassesOfKeys(label, config) is null
            ? throw new ArgumentOutOfRangeException(nameof(schema), $"Column '{name}' has keys up to {key.Count}, but the generator knows {config.Classes} classes. Map the labels to those first.")
            : label;
    }

    /// <summary>The same check before there is data.</summary>
    /// <exception cref="ArgumentOutOfRangeException">As <see cref="Find"/>.</exception>
    public static void Check(IReadOnlyDictionary<string, SchemaShape.Column> columns, string name, ClassNames? classNames)
    {
        if (!columns.TryGetValue(name, out SchemaShape.Column column) || column.Kind != SchemaShape.Column.VectorKind.Scalar || column.ItemType is not TextDataViewType)
            IntegerColumn.Check(columns, name, What);
        else if (classNames is null)
            throw NoNames(name);
    }

    /// <summary>What to warn of: names that cannot be checked, because the generator does not know its classes'; null if nothing.</summary>
    public static string? FaultOf(DataViewSchema.Column column, GeneratorConfig config) =>
        ClassesOfKeys(column, config) is null && KeyValues(column) is [var first, ..]
            ? $"Column '{column.Name}' has keys of names, but the generator does not know its classes' names, so that they cannot be checked: '{first}' is drawn as class 0, and so on in the order of the keys. Make the keys in the order of the classes (MapValueToKey with keyData), or add the names (a classes.txt beside the generator's config.json)."
            : null;

    public static Reader CreateReader(IRowSource source, DataViewSchema.Column column, GeneratorConfig config)
    {
        if (column.Type is TextDataViewType)
            return OfNames(source, column, config.ClassNames!);
        Func<Int128> read = IntegerColumn.Reader(source, column);
        int[]? classes = ClassesOfKeys(column, config);
        string[]? values = KeyValues(column);
        return (long row, out int label) =>
        {
            Int128 value = read();
            if (classes is not null && value >= 0 && value < classes.Length)
            {
                label = classes[(int)value];
                return label >= 0 && label < config.Classes ? null
                    : $"Column '{column.Name}' has the label '{values![(int)value]}' in row {row}, which is {Unknown(config.ClassNames, config.Classes)}.";
            }
            label = (int)Int128.Clamp(value, -1, int.MaxValue);
            return value >= 0 && value < config.Classes ? null : string.Create(CultureInfo.InvariantCulture,
                $"Column '{column.Name}' has the label {(value == -1 ? "-1 (or a missing key)" : value)} in row {row}, but the generator's classes are 0 to {config.Classes - 1}.");
        };
    }

    /// <summary>The names that a generator in training learns for its classes: those of the keys, where they are not the numbers of its classes.</summary>
    public static ClassNames? NamesToLearn(DataViewSchema.Column column, GeneratorConfig config) =>
        config.ClassNames is null && KeyValues(column) is { Length: > 0 } values && values.Length <= config.Classes && !values.Any(string.IsNullOrWhiteSpace)
        && ClassesOfKeys(column, config)?.All(number => number >= 0 && number < config.Classes) != true ? new(values) : config.ClassNames;

    private static Reader OfNames(IRowSource source, DataViewSchema.Column column, ClassNames names)
    {
        ValueGetter<ReadOnlyMemory<char>> getter = source.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> text = default;
        return (long row, out int label) =>
        {
            getter(ref text);
            string name = text.ToString();
            if (names.TryFind(name, out label))
                return null;
            label = -1;
            return name.Length == 0 ? $"Column '{column.Name}' has no label in row {row}." : $"Column '{column.Name}' has the label '{name}' in row {row}, which is {Unknown(names, names.Count)}.";
        };
    }

    /// <summary>The classes that the keys 1, 2, … mean by their values: a name that the generator knows, or a class's number; −1 where it is neither.</summary>
    /// <returns>Null where the keys' values are not known, or are names and the generator knows none.</returns>
    private static int[]? ClassesOfKeys(DataViewSchema.Column column, GeneratorConfig config)
    {
        if (KeyValues(column) is not { } values)
            return null;
        if (config.ClassNames is { } names)
        {
            int[] known = [.. values.Select(value => names.TryFind(value, out int label) ? label : -1)];
            if (known.Any(label => label >= 0))
                return known;
        }
        int[] numbers = [.. values.Select(value => int.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out int number) ? number : -1)];
        return numbers.Any(number => number >= 0) || config.ClassNames is not null ? numbers : null;
    }

    private static string[]? KeyValues(DataViewSchema.Column column) =>
        column.Type is KeyDataViewType && column.Annotations.Schema.GetColumnOrNull("KeyValues")?.Type is VectorDataViewType type
            ? (string[])typeof(LabelColumn).GetMethod(nameof(ReadKeyValues), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(type.ItemType.RawType)
                .Invoke(null, BindingFlags.DoNotWrapExceptions, null, [column], null)!
            : null;

    private static string[] ReadKeyValues<T>(DataViewSchema.Column column)
    {
        VBuffer<T> values = default;
        column.Annotations.GetValue("KeyValues", ref values);
        return [.. values.DenseValues().Select(value => value is IFormattable number ? number.ToString(null, CultureInfo.InvariantCulture) : value?.ToString() ?? "")];
    }

    private static string Unknown(ClassNames? names, int count)
    {
        const int Shown = 12;
        return names is null ? string.Create(CultureInfo.InvariantCulture, $"none of the generator's classes 0 to {count - 1}")
            : $"none of the generator's classes, or the name of several: {string.Join(", ", names.Take(Shown))}{(names.Count > Shown ? $", and {names.Count - Shown} more in its Config.ClassNames" : "")}";
    }

    private static ArgumentOutOfRangeException NoNames(string name) => new("schema",
        $"Column '{name}' of labels holds text, but the generator does not know its classes' names. Give the classes' numbers, any integer, or add the names: id2label in the generator's config.json, or a file classes.txt beside it with a name on each line. To train one, make keys of the text with MapValueToKey: it learns their values as names.");
}
