using ResTok.Models.Checkpoints;
using ResTok.Models.Runtime;
using static TorchSharp.torch;

namespace ResTok.Models;

public sealed partial class ImageGenerator
{
    /// <summary>Loads a saved model. Weights in the wanted precision stay mapped to the file and are read as they are used.</summary>
    /// <param name="path">A folder or weight file, in the layouts that <see cref="ImageTokenizer.Load(string, Device?, Precision, TokenizerConfig?)"/> takes.</param>
    /// <param name="device">Where to compute; the CPU by default.</param>
    /// <param name="precision">The number format to compute in.</param>
    /// <param name="config">The configuration, where no file holds it.</param>
    /// <example>
    /// <code>
    /// using ImageGenerator generator = ImageGenerator.Load("llamagen_l_c2i_restok_l_128", torch.CUDA);
    /// </code>
    /// </example>
    /// <exception cref="CheckpointException">Something is missing, damaged, or does not fit; the message lists all of it.</exception>
    /// <exception cref="TorchRuntimeException">libtorch cannot be loaded.</exception>
    public static ImageGenerator Load(string path, Device? device = null, Precision precision = Precision.Float32, GeneratorConfig? config = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        TorchRuntime.EnsureLoaded();
        config ??= GeneratorConfig.Load(path);
        using Checkpoint checkpoint = Checkpoint.Open(path);
        return Load(checkpoint, config, device, precision);
    }

    /// <summary>Loads a model from streams, as <see cref="PretrainedModel.Save(Stream, Stream)"/> wrote them, into memory.</summary>
    /// <param name="config">JSON in the official layout.</param>
    /// <param name="safetensors">The weights; read forward only, tensor by tensor.</param>
    /// <param name="device">Where to compute; the CPU by default.</param>
    /// <param name="precision">The number format to compute in.</param>
    /// <inheritdoc cref="Load(string, Device?, Precision, GeneratorConfig?)" path="/exception"/>
    public static ImageGenerator Load(Stream config, Stream safetensors, Device? device = null, Precision precision = Precision.Float32)
    {
        GeneratorConfig parsed = GeneratorConfig.Load(config);
        using Checkpoint checkpoint = Checkpoint.Read(safetensors, "model.safetensors");
        return Load(checkpoint, parsed, device, precision);
    }

    private protected override void WriteConfig(Stream stream) => GeneratorConfigFile.Write(Config, stream);

    private static ImageGenerator Load(Checkpoint checkpoint, GeneratorConfig config, Device? device, Precision precision) =>
        Build(checkpoint, source => new ImageGenerator(config, source, device, precision));
}
