using System.Text.Json.Nodes;
using ResTok.Models.Checkpoints;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Parity;

/// <summary>One folder of reference outputs, in the repo or under the folder that RESTOK_GOLDEN_DIR names.</summary>
internal sealed class GoldenSet : IDisposable
{
    private readonly Checkpoint tensors;

    public GoldenSet(string folder, string kind)
    {
        Description = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, kind + ".json")))!.AsObject();
        tensors = Checkpoint.Open(Path.Combine(folder, kind + ".safetensors"));
    }

    public JsonObject Description { get; }

    public string Salt => (string?)Description["salt"] ?? "";

    public IEnumerable<string> Names => tensors.Entries.Keys;

    public Tensor this[string name] => tensors.GetTensor(name);

    /// <summary>The set's configuration, read as a model's own would be.</summary>
    public TokenizerConfig TokenizerConfig()
    {
        JsonObject model = Description["config"]!.DeepClone().AsObject();
        model["pixel_hidden_channels"] ??= (int?)Description["pixel_hidden_channels"] ?? 128;
        var tree = new JsonObject
        {
            ["model"] = new JsonObject { ["vq_model"] = model },
            ["dataset"] = new JsonObject { ["preprocessing"] = new JsonObject { ["crop_size"] = (int)Description["crop_size"]! } },
        };
        return Models.TokenizerConfig.Read(ConfigTree.Read(new StringReader(tree.ToJsonString()), "golden set", yaml: false));
    }

    public GeneratorConfig GeneratorConfig() =>
        Models.GeneratorConfig.Read(ConfigTree.Read(new StringReader(Description["config"]!.ToJsonString()), "golden set", yaml: false));

    /// <summary>The folders that hold a kind of set ("tokenizer", "generator"), under the names that tests show.</summary>
    public static IReadOnlyDictionary<string, string> Folders(string kind)
    {
        var folders = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add(Path.Combine(TestData.Root, "golden"), "");
        if (Environment.GetEnvironmentVariable("RESTOK_GOLDEN_DIR") is { Length: > 0 } external)
            Add(external, "RESTOK_GOLDEN_DIR/");
        return folders;

        void Add(string root, string prefix)
        {
            foreach (string folder in Directory.GetDirectories(root))
            {
                if (File.Exists(Path.Combine(folder, kind + ".json")))
                    folders.Add(prefix + Path.GetFileName(folder), folder);
            }
        }
    }

    public void Dispose() => tensors.Dispose();
}
