using ResTok.Models;
using ResTok.Models.Checkpoints;
using static TorchSharp.torch;

namespace ResTok.MLNet;

/// <summary>How models of one kind are opened and read.</summary>
/// <param name="Name">What they are, for messages.</param>
/// <param name="ConfigOf">A model's configuration.</param>
/// <param name="ReadConfig">Reads the configuration under a path, without weights.</param>
/// <param name="ParseConfig">Reads the configuration from its stream.</param>
/// <param name="Open">Loads from a path.</param>
/// <param name="Read">Loads from the streams of configuration and weights that a saved pipeline holds.</param>
internal sealed record ModelKind<TModel, TConfig>(
    string Name,
    Func<TModel, TConfig> ConfigOf,
    Func<string, TConfig> ReadConfig,
    Func<Stream, TConfig> ParseConfig,
    Func<string, Device, Precision, TModel> Open,
    Func<Stream, Stream, Device, Precision, TModel> Read)
    where TModel : PretrainedModel
{
    /// <summary>Weights under a path, loaded on first use. The configuration, and what the weight files say they hold, is read at once.</summary>
    public SharedModel<TModel, TConfig> At(string path, Precision precision, bool byReference)
    {
        string found = Locate(path), full = Path.GetFullPath(found);
        TConfig config = ReadConfig(found);
        Checkpoint.Open(found).Dispose(); // its head, so that what is no weights is found now and not in the first row
        return new($"{Name} {full}", config, precision, device => Open(full, device, precision), byReference ? full : null);
    }

    /// <summary>Weights in streams, opened on first use. The configuration is read at once.</summary>
    public SharedModel<TModel, TConfig> In(Func<Stream> openConfig, Func<Stream> openWeights, Precision precision)
    {
        TConfig config;
        using (Stream stream = openConfig())
            config = ParseConfig(stream);
        return new(Name, config, precision, device =>
        {
            using Stream stream = openConfig(), weights = openWeights();
            return Read(stream, weights, device, precision);
        });
    }

    /// <summary>The same model on another device.</summary>
    public TModel Copy(TModel model, Device device)
    {
        using var config = new MemoryStream();
        // No memory stream: weights may have more than 2 GB.
        using var weights = new FileStream(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1 << 20, FileOptions.DeleteOnClose);
        model.Save(config, weights);
        config.Position = weights.Position = 0;
        return Read(config, weights, device, model.Precision);
    }

    /// <summary>What is no path may be the id of a model that is in the hub's cache.</summary>
    private static string Locate(string path) =>
        !File.Exists(path) && !Directory.Exists(path) && HuggingFaceHub.IsRepositoryId(path) && HuggingFaceHub.FindCached(path) is { } cached ? cached : path;
}

internal static class ModelKinds
{
    public static readonly ModelKind<ImageTokenizer, TokenizerConfig> Tokenizer = new(
        "ResTok tokenizer", model => model.Config, TokenizerConfig.Load, TokenizerConfig.Load,
        (path, device, precision) => ImageTokenizer.Load(path, device, precision),
        (config, weights, device, precision) => ImageTokenizer.Load(TokenizerConfig.Load(config), weights, device, precision));

    public static readonly ModelKind<ImageGenerator, GeneratorConfig> Generator = new(
        "ResTok generator", model => model.Config, GeneratorConfig.Load, GeneratorConfig.Load,
        (path, device, precision) => ImageGenerator.Load(path, device, precision),
        (config, weights, device, precision) => ImageGenerator.Load(GeneratorConfig.Load(config), weights, device, precision));
}
