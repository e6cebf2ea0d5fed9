using ResTok.Models.Checkpoints;

namespace ResTok.Models;

public sealed partial record TokenizerConfig
{
    /// <summary>Reads the configuration of a saved tokenizer without its weights.</summary>
    /// <param name="path">A folder or weight file as for <see cref="ImageTokenizer.Load(string, TorchSharp.torch.Device?, Precision, TokenizerConfig?)"/>.</param>
    /// <exception cref="CheckpointException">There is no model or no configuration, or it cannot be used.</exception>
    public static TokenizerConfig Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return TokenizerConfigFile.Read(ConfigTree.Read(CheckpointLayout.FindConfig(path)));
    }

    /// <summary>Reads the configuration of a tokenizer from its JSON.</summary>
    /// <param name="json">The official layout's <c>config.json</c>; stays open.</param>
    /// <exception cref="CheckpointException">It is not JSON, or it cannot be used.</exception>
    public static TokenizerConfig Load(Stream json)
    {
        ArgumentNullException.ThrowIfNull(json);
        using var reader = new StreamReader(json, leaveOpen: true);
        return TokenizerConfigFile.Read(ConfigTree.Read(reader, "config.json", yaml: false));
    }
}
