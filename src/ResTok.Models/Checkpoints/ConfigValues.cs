using System.Globalization;
using System.Text.Json.Nodes;

namespace ResTok.Models.Checkpoints;

/// <summary>Typed values of a configuration. A value of another type is an error that names file, key and value.</summary>
/// <param name="tree">The configuration.</param>
/// <param name="prefix">What stands before every key: "" or a section's path with a dot.</param>
internal readonly struct ConfigValues(ConfigTree tree, string prefix)
{
    public bool Has(string key) => tree.Value(prefix + key) is not null;

    /// <summary>A value of a property's type: int, double, float, bool, an enum or names of classes, nullable or not.</summary>
    public object Read(string key, Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum)
            return OneOf(key, type);
        if (type == typeof(ClassNames))
            return ClassNamesFile.Read(tree, null) ?? throw Fault(key, "a section with a name for each class");
        return type == typeof(bool) ? Flag(key)
            : type == typeof(int) ? Integer(key)
            : type == typeof(float) ? (object)(float)Number(key)
            : Number(key);
    }

    /// <summary>The same for writing.</summary>
    public static JsonNode? ToJson(object? value) => value switch
    {
        null => null,
        bool flag => flag,
        int integer => integer,
        float number => number,
        double number => number,
        ClassNames names => ClassNamesFile.Write(names),
        _ => NameOf(value),
    };

    public int Integer(string key) => Number(key) is var value && value == Math.Floor(value) && Math.Abs(value) <= int.MaxValue
        ? (int)value
        : throw Fault(key, "an integer");

    public double Number(string key) => tree.Value(prefix + key) switch
    {
        null => throw Fault(key, "given"),
        JsonValue value when value.TryGetValue(out double number) && double.IsFinite(number) => number,
        JsonValue value when value.TryGetValue(out long integer) => integer,
        JsonValue value when value.TryGetValue(out string? text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) => number,
        _ => throw Fault(key, "a number"),
    };

    public bool Flag(string key) => tree.Value(prefix + key) is JsonValue value && value.TryGetValue(out bool flag) ? flag : throw Fault(key, "true or false");

    public string Text(string key) => tree.Value(prefix + key) switch
    {
        null => throw Fault(key, "given"),
        JsonValue value when value.TryGetValue(out string? text) => text,
        _ => throw Fault(key, "a text"),
    };

    public CheckpointException Fault(string key, string wanted) =>
        new($"{tree.Source}: key '{prefix}{key}' must be {wanted}, but is {tree.Value(prefix + key)?.ToJsonString() ?? "absent"}.");

    private object OneOf(string key, Type type)
    {
        string text = Text(key);
        Array values = Enum.GetValuesAsUnderlyingType(type);
        string[] names = [.. Enum.GetNames(type).Select(NameOf)];
        return Array.IndexOf(names, text) is >= 0 and var index ? Enum.ToObject(type, values.GetValue(index)!) : throw Fault(key, "one of " + string.Join(", ", names));
    }

    /// <summary>An enum value as configurations spell it.</summary>
    private static string NameOf(object value) => value.ToString()!.ToLowerInvariant();
}
