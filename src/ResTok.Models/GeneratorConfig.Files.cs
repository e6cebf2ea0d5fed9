using ResTok.Models.Checkpoints;

namespace ResTok.Models;

public sealed partial record GeneratorConfig
{
    /// <summary>Reads the configuration of a saved generator without its weights.</summary>
    /// <param name="path">A folder or weight file as for <see cref="ImageGenerator.Load(string, TorchSharp.torch.Device?, Precision, GeneratorConfig?)"/>.</param>
    /// <exception cref="CheckpointException">There is no model or no configuration, or it cannot be used.</exception>
    public static GeneratorConfig Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string file = CheckpointLayout.FindConfig(path);
        return GeneratorConfigFile.Read(ConfigTree.Read(file), Path.Combine(Path.GetDirectoryName(file)!, ClassNamesFile.Name));
    }

    /// <summary>Reads the configuration of a generator from its JSON.</summary>
    /// <param name="json">The official layout's <c>config.json</c>; stays open.</param>
    /// <exception cref="CheckpointException">It is not JSON, or it cannot be used.</exception>
    public static GeneratorConfig Load(Stream json)
    {
        ArgumentNullException.ThrowIfNull(json);
        using var reader = new StreamReader(json, leaveOpen: true);
        return GeneratorConfigFile.Read(ConfigTree.Read(reader, "config.json", yaml: false));
    }
}
