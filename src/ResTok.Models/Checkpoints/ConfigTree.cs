using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;

namespace ResTok.Models.Checkpoints;

/// <summary>A configuration as a tree, from JSON or YAML, with <c>${a.b}</c> references resolved when a value is read.</summary>
internal sealed partial class ConfigTree(JsonObject root, string source)
{
    private const int LongestChain = 16; // of references to references
    private const int Longest = 4 << 20; // characters; real ones have a few thousand

    public string Source => source;

    /// <exception cref="CheckpointException">The file cannot be parsed.</exception>
    public static ConfigTree Read(TextReader reader, string source, bool yaml)
    {
        try
        {
            string text = SmallText.Read(reader, source, Longest);
            JsonNode? tree = yaml
                ? YamlTree.Read(new StringReader(text))
                : JsonNode.Parse(text, documentOptions: new() { AllowDuplicateProperties = false });
            ReadTexts(tree);
            return new(tree as JsonObject ?? throw new CheckpointException($"{source} is no configuration: it holds no mapping of keys."), source);
        }
        catch (Exception fault) when (fault is JsonException or YamlException or ArgumentException or InvalidOperationException)
        {
            throw new CheckpointException($"{source} cannot be parsed: {fault.Message}", fault);
        }
    }

    /// <summary>Reads JSON from a stream, which stays open.</summary>
    /// <exception cref="CheckpointException">It cannot be parsed.</exception>
    public static ConfigTree Read(Stream json, string source)
    {
        ArgumentNullException.ThrowIfNull(json);
        using var reader = new StreamReader(json, leaveOpen: true);
        return Read(reader, source, yaml: false);
    }

    public static ConfigTree Read(string path)
    {
        try
        {
            using StreamReader reader = File.OpenText(path);
            return Read(reader, path, yaml: !path.EndsWith(".json", StringComparison.OrdinalIgnoreCase));
        }
        catch (CheckpointException) when (ForeignFile.Describe(path) is { } foreign)
        {
            throw new CheckpointException($"{path} is no configuration, but {foreign}");
        }
    }

    /// <summary>Runs a configuration's own validation, whose faults then name the file.</summary>
    /// <exception cref="CheckpointException">A value cannot work.</exception>
    public void Check(Action validate)
    {
        try
        {
            validate();
        }
        catch (ArgumentException fault)
        {
            throw new CheckpointException($"{source}: {fault.Message}", fault);
        }
    }

    /// <summary>The section under a dotted path, or null.</summary>
    public JsonObject? Section(string path) => Find(path) as JsonObject;

    /// <summary>The value under a dotted path with references resolved, or null where there is none.</summary>
    /// <exception cref="CheckpointException">A reference leads nowhere or in a circle.</exception>
    public JsonNode? Value(string path)
    {
        JsonNode? node = Find(path);
        for (int i = 0; i < LongestChain; i++)
        {
            if (node is not JsonValue value || !value.TryGetValue(out string? text) || !Reference().Match(text).Groups[1].Success)
                return node;
            string target = Reference().Match(text).Groups[1].Value;
            node = Find(target) ?? throw new CheckpointException($"{source}: key '{path}' refers to '{target}', which is not there.");
        }
        throw new CheckpointException($"{source}: key '{path}' refers in a circle.");
    }

    private JsonNode? Find(string path) => path.Split('.').Aggregate((JsonNode?)root, (node, key) => (node as JsonObject)?[key]);

    /// <summary>Reads all names and texts now, since JSON may hold ones that are no Unicode and are only found so when they are read.</summary>
    private static void ReadTexts(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject section:
                foreach ((_, JsonNode? value) in section)
                    ReadTexts(value);
                break;
            case JsonArray list:
                foreach (JsonNode? value in list)
                    ReadTexts(value);
                break;
            case JsonValue value:
                _ = value.TryGetValue<string>(out _);
                break;
        }
    }

    [GeneratedRegex(@"^\$\{([^{}]+)\}$")]
    private static partial Regex Reference();
}
