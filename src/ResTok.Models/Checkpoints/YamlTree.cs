using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace ResTok.Models.Checkpoints;

/// <summary>
/// YAML as a JSON tree, from the parser's events and not its object model, which a deeply nested file makes overflow the stack. Aliases
/// are copies, and depth and size are limited, so that a small file stays small.
/// </summary>
internal sealed class YamlTree
{
    private const int MostDepth = 32, MostValues = 100_000;

    private readonly IParser parser;
    private readonly Dictionary<AnchorName, (JsonNode? Node, int Values)> anchors = [];
    private int values;

    private YamlTree(IParser parser) => this.parser = parser;

    /// <summary>The first document, or null where there is none.</summary>
    /// <exception cref="YamlException">It is not YAML.</exception>
    /// <exception cref="ArgumentException">It is nested too deeply, too large, or repeats a key.</exception>
    public static JsonNode? Read(TextReader reader)
    {
        var parser = new Parser(reader);
        parser.Consume<StreamStart>();
        return parser.TryConsume<DocumentStart>(out _) ? new YamlTree(parser).Node(0) : null;
    }

    private JsonNode? Node(int depth)
    {
        if (depth > MostDepth)
            throw new ArgumentException($"it is nested more than {MostDepth} deep");
        ParsingEvent next = parser.Consume<ParsingEvent>();
        if (next is AnchorAlias alias)
            return Again(alias.Value);
        int before = values;
        Count(1);
        JsonNode? node = next switch
        {
            MappingStart => Mapping(depth),
            SequenceStart => Sequence(depth),
            Scalar { Style: ScalarStyle.Plain } plain => FromPlain(plain.Value),
            Scalar scalar => JsonValue.Create(scalar.Value),
            _ => throw new ArgumentException("a value is missing"),
        };
        if (next is NodeEvent { Anchor.IsEmpty: false } anchored)
            anchors[anchored.Anchor] = (node, values - before);
        return node;
    }

    private JsonObject Mapping(int depth)
    {
        var mapping = new JsonObject();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            string key = parser.Consume<ParsingEvent>() is Scalar scalar ? scalar.Value : throw new ArgumentException("a key is not a text");
            if (!mapping.TryAdd(key, Node(depth + 1)))
                throw new ArgumentException($"the key '{key}' is there twice");
        }
        return mapping;
    }

    private JsonArray Sequence(int depth)
    {
        var sequence = new JsonArray();
        while (!parser.TryConsume<SequenceEnd>(out _))
            sequence.Add(Node(depth + 1));
        return sequence;
    }

    private JsonNode? Again(AnchorName name)
    {
        if (!anchors.TryGetValue(name, out (JsonNode? Node, int Values) anchor))
            throw new ArgumentException($"it refers to '{name}', which is not before that");
        Count(anchor.Values);
        return anchor.Node?.DeepClone();
    }

    private void Count(int more)
    {
        values += more;
        if (values > MostValues)
            throw new ArgumentException($"it has more than {MostValues} values");
    }

    private static JsonValue? FromPlain(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => null,
        "true" or "True" or "TRUE" => JsonValue.Create(true),
        "false" or "False" or "FALSE" => JsonValue.Create(false),
        _ when long.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long integer) => JsonValue.Create(integer),
        _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) => JsonValue.Create(number), // JSON has no others
        _ => JsonValue.Create(text),
    };
}
