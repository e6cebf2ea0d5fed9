using System.Globalization;
using System.Text.Json.Nodes;

namespace ResTok.Models.Checkpoints;

/// <summary>Typed values of a configuration. A value of another type is an error that names file, key and value.</summary>
/// <param name="tree">The configuration.</param>
/// <param name="prefix">What stands before every key: "" or a section's path with a dot.</param>
internal readonly struct ConfigValues(ConfigTree tree, string prefix)
{
    public bool Has(string key) => tree.Value(prefix + key) is not null;

    public int Integer(string key, int? absent = null) => Number(key, absent) is var value && value == Math.Floor(value) && Math.Abs(value) <= int.MaxValue
        ? (int)value
        : throw Fault(key, "an integer");

    public double Number(string key, double? absent = null) => tree.Value(prefix + key) switch
    {
        null => absent ?? throw Fault(key, "given"),
        JsonValue value when value.TryGetValue(out double number) && double.IsFinite(number) => number,
        JsonValue value when value.TryGetValue(out long integer) => integer,
        JsonValue value when value.TryGetValue(out string? text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) => number,
        _ => throw Fault(key, "a number"),
    };

    public bool Flag(string key, bool absent) => tree.Value(prefix + key) switch
    {
        null => absent,
        JsonValue value when value.TryGetValue(out bool flag) => flag,
        _ => throw Fault(key, "true or false"),
    };

    public string Text(string key, string? absent = null) => tree.Value(prefix + key) switch
    {
        null => absent ?? throw Fault(key, "given"),
        JsonValue value when value.TryGetValue(out string? text) => text,
        _ => throw Fault(key, "a text"),
    };

    public T OneOf<T>(string key)
        where T : struct, Enum
    {
        string text = Text(key);
        foreach (T value in Enum.GetValues<T>())
        {
            if (NameOf(value) == text)
                return value;
        }
        throw Fault(key, "one of " + string.Join(", ", Enum.GetValues<T>().Select(NameOf)));
    }

    /// <summary>An enum value as configurations spell it.</summary>
    public static string NameOf<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    public CheckpointException Fault(string key, string wanted) =>
        new($"{tree.Source}: key '{prefix}{key}' must be {wanted}, but is {tree.Value(prefix + key)?.ToJsonString() ?? "absent"}.");
}
