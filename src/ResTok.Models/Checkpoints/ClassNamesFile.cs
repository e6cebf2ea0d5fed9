using System.Globalization;
using System.Text.Json.Nodes;

namespace ResTok.Models.Checkpoints;

/// <summary>The names of classes, in a configuration or in a file beside it with a name on each line.</summary>
internal static class ClassNamesFile
{
    public const string Name = "classes.txt";

    private const string Key = "id2label";
    private const int Longest = 4 << 20; // characters

    /// <param name="tree">The configuration.</param>
    /// <param name="file">The file to read where that has none; null for none.</param>
    /// <exception cref="CheckpointException">A list is there, but cannot be used.</exception>
    public static ClassNames? Read(ConfigTree tree, string? file)
    {
        if (tree.Section(Key) is { } section)
            return Create([.. Enumerable.Range(0, section.Count).Select(label => NameIn(section, label, tree.Source))], $"{tree.Source}: key '{Key}'");
        if (file is null || !File.Exists(file))
            return null;
        using StreamReader reader = File.OpenText(file);
        string[] names = SmallText.Read(reader, file, Longest).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return names.Length == 0 ? null : Create(names, file);
    }

    public static JsonObject Write(ClassNames names)
    {
        var section = new JsonObject();
        for (int label = 0; label < names.Count; label++)
            section[label.ToString(CultureInfo.InvariantCulture)] = names[label];
        return section;
    }

    private static string NameIn(JsonObject section, int label, string source) =>
        section[label.ToString(CultureInfo.InvariantCulture)] is JsonValue value && value.TryGetValue(out string? name) ? name
            : throw new CheckpointException($"{source}: key '{Key}' has {section.Count} entries, but no text for the class {label}. Name the classes from 0 on, or remove the key.");

    private static ClassNames Create(string[] names, string source)
    {
        try
        {
            return new(names);
        }
        catch (ArgumentException fault)
        {
            throw new CheckpointException($"{source}: {fault.Message}", fault);
        }
    }
}
