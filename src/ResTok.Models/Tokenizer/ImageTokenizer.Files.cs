using ResTok.Models.Checkpoints;
using ResTok.Models.Runtime;
using static TorchSharp.torch;

namespace ResTok.Models;

public sealed partial class ImageTokenizer
{
    /// <summary>Loads a saved model. Weights in the wanted precision stay mapped to the file and are read as they are used.</summary>
    /// <param name="path">
    /// A folder in the Hugging Face layout (<c>config.json</c> with <c>model.safetensors</c> or its shards) or in that of
    /// training (<c>pytorch_model.bin</c>, under <c>ema_model</c> where there is one), or one weight file with its configuration
    /// beside it or in the two folders above.
    /// </param>
    /// <param name="device">Where to compute; the CPU by default.</param>
    /// <param name="precision">The number format to compute in.</param>
    /// <param name="config">The configuration, where no file holds it.</param>
    /// <example>
    /// <code>
    /// using ImageTokenizer tokenizer = ImageTokenizer.Load("restok_l_128.r256_in1k", torch.CUDA, Precision.BFloat16);
    /// </code>
    /// </example>
    /// <exception cref="CheckpointException">
    /// Something is missing, damaged, or does not fit; the message lists all of it.
    /// </exception>
    /// <exception cref="TorchRuntimeException">libtorch cannot be loaded.</exception>
    public static ImageTokenizer Load(string path, Device? device = null, Precision precision = Precision.Float32, TokenizerConfig? config = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        TorchRuntime.EnsureLoaded();
        config ??= TokenizerConfig.Load(path);
        using Checkpoint checkpoint = Checkpoint.Open(path);
        return Load(checkpoint, config, device, precision);
    }

    /// <summary>Loads a model from streams, as <see cref="PretrainedModel.Save(Stream, Stream)"/> wrote them, into memory.</summary>
    /// <param name="config">JSON in the official layout.</param>
    /// <param name="safetensors">The weights; read forward only, tensor by tensor.</param>
    /// <param name="device">Where to compute; the CPU by default.</param>
    /// <param name="precision">The number format to compute in.</param>
    /// <inheritdoc cref="Load(string, Device?, Precision, TokenizerConfig?)" path="/exception"/>
    public static ImageTokenizer Load(Stream config, Stream safetensors, Device? device = null, Precision precision = Precision.Float32)
    {
        TokenizerConfig parsed = TokenizerConfig.Load(config);
        using Checkpoint checkpoint = Checkpoint.Read(safetensors, "model.safetensors");
        return Load(checkpoint, parsed, device, precision);
    }

    private protected override void WriteConfig(Stream stream) => TokenizerConfigFile.Write(Config, stream);

    private static ImageTokenizer Load(Checkpoint checkpoint, TokenizerConfig config, Device? device, Precision precision) =>
        Build(checkpoint, source => new ImageTokenizer(config, source, device, precision));
}
