using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ResTok.Models.Checkpoints;

/// <summary>A configuration as a tree, from JSON or YAML, with <c>${a.b}</c> references resolved when a value is read.</summary>
internal sealed partial class ConfigTree(JsonObject root, string source)
{
    private const int LongestChain = 16; // of references to references

    public string Source => source;

    /// <exception cref="CheckpointException">The file cannot be parsed.</exception>
    public static ConfigTree Read(TextReader reader, string source, bool yaml)
    {
        try
        {
            JsonNode? tree;
            if (yaml)
            {
                var stream = new YamlStream();
                stream.Load(reader);
                tree = stream.Documents.Count > 0 ? FromYaml(stream.Documents[0].RootNode, 0) : null;
            }
            else
            {
                tree = JsonNode.Parse(reader.ReadToEnd());
            }
            return new(tree as JsonObject ?? throw new CheckpointException($"{source} is no configuration: it holds no mapping of keys."), source);
        }
        catch (Exception fault) when (fault is JsonException or YamlException or ArgumentException)
        {
            throw new CheckpointException($"{source} cannot be parsed: {fault.Message}", fault);
        }
    }

    public static ConfigTree Read(string path)
    {
        using StreamReader reader = File.OpenText(path);
        return Read(reader, path, yaml: !path.EndsWith(".json", StringComparison.OrdinalIgnoreCase));
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

    private static JsonNode? FromYaml(YamlNode node, int depth)
    {
        if (depth > 32)
            throw new ArgumentException("it is nested too deeply");
        return node switch
        {
            YamlMappingNode mapping => new JsonObject(mapping.Children.Select(item =>
                KeyValuePair.Create(((item.Key as YamlScalarNode)?.Value) ?? "", FromYaml(item.Value, depth + 1)))),
            YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(item => FromYaml(item, depth + 1))]),
            YamlScalarNode { Style: ScalarStyle.Plain, Value: { } plain } => FromPlain(plain),
            YamlScalarNode scalar => JsonValue.Create(scalar.Value),
            _ => null,
        };
    }

    private static JsonValue? FromPlain(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => null,
        "true" or "True" or "TRUE" => JsonValue.Create(true),
        "false" or "False" or "FALSE" => JsonValue.Create(false),
        _ when long.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long integer) => JsonValue.Create(integer),
        _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => JsonValue.Create(number),
        _ => JsonValue.Create(text),
    };

    [GeneratedRegex(@"^\$\{([^{}]+)\}$")]
    private static partial Regex Reference();
}
