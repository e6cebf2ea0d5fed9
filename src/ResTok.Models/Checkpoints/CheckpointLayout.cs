using System.Text.Json;

namespace ResTok.Models.Checkpoints;

/// <summary>
/// Where the files of a checkpoint are. In a folder the first of these is taken: <c>model.safetensors</c>,
/// <c>model.safetensors.index.json</c> (Hugging Face layout), <c>ema_model/pytorch_model.bin</c>, <c>pytorch_model.bin</c>
/// (training layout; the averaged weights are those that are evaluated), each <c>pytorch_model.bin</c> before its shards under
/// <c>pytorch_model.bin.index.json</c>. The configuration is <c>config.json</c>,
/// <c>config.yaml</c> or the only <c>.yaml</c> file, in the folder of the weights or up to two above it.
/// </summary>
internal static class CheckpointLayout
{
    private const int LongestIndex = 32 << 20; // characters; a hundred for each tensor

    /// <summary>The weight files that may be in a folder; the first that is there is taken.</summary>
    public static readonly IReadOnlyList<string> WeightFiles =
    [
        "model.safetensors", "model.safetensors.index.json",
        Path.Combine("ema_model", "model.safetensors"), Path.Combine("ema_model", "model.safetensors.index.json"),
        Path.Combine("ema_model", "pytorch_model.bin"), Path.Combine("ema_model", "pytorch_model.bin.index.json"),
        "pytorch_model.bin", "pytorch_model.bin.index.json",
    ];

    /// <exception cref="CheckpointException">There is no checkpoint.</exception>
    public static (string Weights, string? Config) Find(string path)
    {
        string full = Path.GetFullPath(path);
        string? weights = File.Exists(full) ? full : WeightFiles.Select(file => Path.Combine(full, file)).FirstOrDefault(File.Exists);
        if (weights is null)
            throw new CheckpointException(Directory.Exists(full)
                ? $"The folder {full} has no weights: none of {string.Join(", ", WeightFiles)}."
                : $"There is no file or folder {full}." + (HubNames.IsRepository(path)
                    ? $" If '{path}' is a model on the hub, ResTokTokenizer.FromHubAsync and ResTokGenerator.FromHubAsync open it, or HuggingFaceHub.DownloadAsync gives its folder."
                    : ""));
        string? folder = Path.GetDirectoryName(weights), config = null;
        for (int level = 0; level < 3 && folder is not null && config is null; level++, folder = Path.GetDirectoryName(folder))
            config = ConfigIn(folder);
        return (weights, config);
    }

    /// <summary>The configuration that belongs to a checkpoint.</summary>
    /// <exception cref="CheckpointException">There is no checkpoint or no configuration.</exception>
    public static string FindConfig(string path)
    {
        (string weights, string? config) = Find(path);
        return config ?? throw new CheckpointException(
            $"{weights} has no config.json or config.yaml beside it or in the two folders above. Put the model's there.");
    }

    /// <summary>Whether a folder holds a configuration and all of its weights.</summary>
    public static bool IsComplete(string folder)
    {
        try
        {
            (string weights, string? config) = Find(folder);
            return config is not null && IsThere(config) && IsThere(weights)
                && (!IsIndex(weights) || ReadIndex(weights).Keys.All(IsThere));
        }
        catch (CheckpointException)
        {
            return false;
        }
    }

    /// <summary>Whether a file is there and not only a link to nothing, which <see cref="File.Exists"/> takes for a file.</summary>
    public static bool IsThere(string path)
    {
        var file = new FileInfo(path);
        return file.Exists && (file.ResolveLinkTarget(returnFinalTarget: true) ?? file).Exists;
    }

    /// <summary>Whether a weight file only lists shards.</summary>
    public static bool IsIndex(string weights) => weights.EndsWith(".index.json", StringComparison.OrdinalIgnoreCase);

    /// <summary>The tensors that each shard of an index must hold, by the shard's path.</summary>
    /// <exception cref="CheckpointException">The index is damaged or points outside its folder, or a shard is missing.</exception>
    public static Dictionary<string, HashSet<string>> ReadIndex(string index)
    {
        Dictionary<string, HashSet<string>> shards = ParseIndex(index);
        string? missing = shards.Keys.FirstOrDefault(shard => !File.Exists(shard));
        return missing is null ? shards : throw new CheckpointException($"{index} names the shard {Path.GetFileName(missing)}, which is missing. Download all files.");
    }

    /// <summary>As <see cref="ReadIndex"/>, of shards that need not be there.</summary>
    /// <exception cref="CheckpointException">The index is damaged or points outside its folder.</exception>
    public static Dictionary<string, HashSet<string>> ParseIndex(string index)
    {
        var shards = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        try
        {
            using StreamReader reader = File.OpenText(index);
            using JsonDocument document = JsonDocument.Parse(SmallText.Read(reader, index, LongestIndex), new() { AllowDuplicateProperties = false });
            foreach (JsonProperty item in document.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                string file = item.Value.GetString() ?? "";
                if (file.Length == 0 || file != Path.GetFileName(file) || file is "." or "..")
                    throw new CheckpointException($"{index} puts '{item.Name}' into '{file}', which is not a file name in its own folder.");
                string shard = Path.Combine(Path.GetDirectoryName(index)!, file);
                if (!shards.TryGetValue(shard, out HashSet<string>? names))
                    shards[shard] = names = new(StringComparer.Ordinal);
                names.Add(item.Name);
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new CheckpointException(ForeignFile.Describe(index) is { } foreign ? $"{index} is {foreign}" : $"{index} is not an index of shards: {fault.Message}", fault);
        }
        return shards;
    }

    private static string? ConfigIn(string folder)
    {
        foreach (string name in new[] { "config.json", "config.yaml" })
        {
            if (File.Exists(Path.Combine(folder, name)))
                return Path.Combine(folder, name);
        }
        string[] yaml = Directory.GetFiles(folder, "*.yaml");
        return yaml.Length == 1 ? yaml[0] : null;
    }
}
