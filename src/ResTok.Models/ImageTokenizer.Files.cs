using ResTok.Models.Checkpoints;
using ResTok.Models.Runtime;
using static TorchSharp.torch;

namespace ResTok.Models;

public sealed partial class ImageTokenizer
{
    /// <summary>
    /// Tensors that the checkpoint held and that only training uses (<c>foundation_model.*</c>, <c>vf_proj*</c>,
    /// <c>decoder.feat_mask_token</c>, discriminators). They were left in the file.
    /// </summary>
    public IReadOnlyList<string> TrainingOnlyEntries { get; private set; } = [];

    /// <summary>Loads a saved model. Weights in the wanted precision stay mapped to the file and are read as they are used.</summary>
    /// <param name="path">
    /// A folder in the Hugging Face layout (<c>config.json</c> with <c>model.safetensors</c> or its shards) or in that of
    /// training (<c>pytorch_model.bin</c>, under <c>ema_model</c> where there is one), or one weight file with its configuration
    /// beside it or in the two folders above.
    /// </param>
    /// <param name="device">Where to compute; the CPU by default.</param>
    /// <param name="precision">The number format to compute in.</param>
    /// <param name="config">The configuration, where no file holds it.</param>
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

    /// <summary>Loads a model from streams, as <see cref="Save(Stream, Stream)"/> wrote them, into memory.</summary>
    /// <param name="config">JSON in the official layout.</param>
    /// <param name="safetensors">The weights; read forward only, tensor by tensor.</param>
    /// <param name="device">Where to compute; the CPU by default.</param>
    /// <param name="precision">The number format to compute in.</param>
    /// <inheritdoc cref="Load(string, Device?, Precision, TokenizerConfig?)" path="/exception"/>
    public static ImageTokenizer Load(Stream config, Stream safetensors, Device? device = null, Precision precision = Precision.Float32)
    {
        using var reader = new StreamReader(config, leaveOpen: true);
        TokenizerConfig parsed = ConfigReader.ReadTokenizer(reader, "config.json", yaml: false);
        using Checkpoint checkpoint = Checkpoint.Read(safetensors, "model.safetensors");
        return Load(checkpoint, parsed, device, precision);
    }

    /// <summary>Saves the model in the Hugging Face layout: <c>config.json</c> and <c>model.safetensors</c>.</summary>
    /// <param name="folder">Made where it is missing. Each file is replaced whole or not at all.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        AtomicFile.Write(Path.Combine(folder, "model.safetensors"), WriteWeights);
        AtomicFile.Write(Path.Combine(folder, "config.json"), stream => ConfigReader.WriteTokenizer(Config, stream));
    }

    /// <summary>Saves the model to streams, which stay open.</summary>
    /// <param name="config">Gets JSON in the official layout.</param>
    /// <param name="safetensors">Gets the weights.</param>
    public void Save(Stream config, Stream safetensors)
    {
        ConfigReader.WriteTokenizer(Config, config);
        WriteWeights(safetensors);
    }

    private static ImageTokenizer Load(Checkpoint checkpoint, TokenizerConfig config, Device? device, Precision precision)
    {
        var source = new CheckpointParameters(checkpoint);
        var tokenizer = new ImageTokenizer(config, source, device, precision);
        try
        {
            source.ThrowIfFaulty();
        }
        catch
        {
            tokenizer.Dispose();
            throw;
        }
        tokenizer.TrainingOnlyEntries = source.TrainingOnlyEntries;
        return tokenizer;
    }

    private void WriteWeights(Stream stream)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        SafetensorsWriter.Write(stream, [.. parameters.Select(entry => KeyValuePair.Create(entry.Key, (Tensor)entry.Value))]);
    }
}
