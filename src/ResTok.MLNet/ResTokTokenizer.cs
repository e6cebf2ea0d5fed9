using Microsoft.ML.Runtime;
using ResTok.MLNet.Backends;
using ResTok.Models;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet;

/// <summary>
/// A handle to a tokenizer's weights, for <see cref="ResTokCatalog.ResTokEncode"/>, <see cref="ResTokCatalog.ResTokDecode"/> and
/// <see cref="ResTokCatalog.ResTokTrainTokenizer"/>. The weights are loaded on first use, shared by all stages made with this handle, and
/// freed when the handle and all those stages' transformers are disposed. Safe for use by several threads.
/// </summary>
public sealed class ResTokTokenizer : ResTokHandle<ImageTokenizer, TokenizerConfig>
{
    internal ResTokTokenizer(string path, ResTokLoadOptions? options, Func<IHostEnvironment, (string Device, string? Warning)>? find = null)
        : base(path, options, find)
    {
    }

    /// <summary>Exported files, which are taken over.</summary>
    internal ResTokTokenizer(OnnxFiles files, ResTokLoadOptions options)
        : base(files, options, (runtime, opened, device) => runtime.OpenTokenizer(opened, device))
    {
    }

    private ResTokTokenizer(Func<Stream> openConfig, Func<Stream> openWeights, ResTokLoadOptions? options)
        : base(openConfig, openWeights, options)
    {
    }

    private ResTokTokenizer(ImageTokenizer model)
        : base(model)
    {
    }

    private ResTokTokenizer(ResTokTokenizer other)
        : base(other)
    {
    }

    /// <summary>Opens a saved tokenizer. Its configuration is read at once, its weights when they are first used.</summary>
    /// <param name="path">A folder or file as for <see cref="ImageTokenizer.Load(string, TorchSharp.torch.Device?, Precision, TokenizerConfig?)"/>, or the id of a model that is in the hub's cache; with <see cref="ResTokBackend.Onnx"/>, the folder that <c>ExportOnnx</c> wrote.</param>
    /// <param name="options">How to use it.</param>
    /// <example>
    /// <code>
    /// using ResTokTokenizer tokenizer = ResTokTokenizer.Load("restok_l_128.r256_in1k", new() { Precision = Precision.BFloat16 });
    /// </code>
    /// </example>
    /// <exception cref="CheckpointException">There is no model, or its configuration cannot be used.</exception>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="InvalidOperationException">With <see cref="ResTokBackend.Onnx"/>, the program does not reference ResTok.MLNet.Onnx.</exception>
    public static ResTokTokenizer Load(string path, ResTokLoadOptions? options = null) =>
        options?.UsesOnnx() == true ? new(new OnnxFiles(path, OnnxLayout.Tokenizer), options) : new(path, options);

    /// <summary>Opens a tokenizer kept in streams, such as resources of an assembly. Its configuration is read at once, its weights when they are first used.</summary>
    /// <param name="openConfig">Opens <c>config.json</c> of the official layout.</param>
    /// <param name="openWeights">Opens <c>model.safetensors</c>; read forward only, once for every device.</param>
    /// <param name="options">How to use it.</param>
    /// <exception cref="CheckpointException">The configuration cannot be used.</exception>
    public static ResTokTokenizer Load(Func<Stream> openConfig, Func<Stream> openWeights, ResTokLoadOptions? options = null) => new(openConfig, openWeights, options);

    /// <summary>
    /// Opens a tokenizer from the Hugging Face hub, which is downloaded unless the cache has it; see
    /// <see cref="HuggingFaceHub.DownloadAsync"/>.
    /// </summary>
    /// <param name="repository">The model's id, <c>owner/name</c>.</param>
    /// <param name="options">How to use it.</param>
    /// <param name="hub">Which revision, from where and to where; by default what the environment says.</param>
    /// <param name="progress">Told how far the download of each file is.</param>
    /// <param name="cancellationToken">Stops the download; what has arrived is kept for the next time.</param>
    /// <example>
    /// <code>
    /// var progress = new Progress&lt;HubProgress>(step => Console.WriteLine($"{step.File}: {step.BytesDone} of {step.BytesTotal} bytes"));
    /// using ResTokTokenizer tokenizer = await ResTokTokenizer.FromHubAsync("xushu-me/restok_l_128.r256_in1k", progress: progress);
    /// </code>
    /// </example>
    /// <exception cref="ArgumentException">The id, the revision or the endpoint is invalid.</exception>
    /// <exception cref="HubException">The model is unavailable or cannot be kept; the message says why and what to do.</exception>
    /// <exception cref="CheckpointException">It is no tokenizer, or its configuration cannot be used.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static async Task<ResTokTokenizer> FromHubAsync(
        string repository, ResTokLoadOptions? options = null, HubOptions? hub = null, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ResTokLoadOptions.ThrowIfNotForHub(options);
        return Load(await HuggingFaceHub.DownloadAsync(repository, hub, progress, cancellationToken).ConfigureAwait(false), options);
    }

    /// <summary>Makes a handle to a tokenizer in memory.</summary>
    /// <param name="model">The handle takes it over and disposes it.</param>
    public static ResTokTokenizer FromModel(ImageTokenizer model) => new(model);

    /// <summary>What computes for stages: the handle's, not to be disposed.</summary>
    /// <exception cref="ObjectDisposedException">The weights were freed.</exception>
    internal ITokenizerBackend Backend(IHostEnvironment environment) => Weights.Get(environment) is var loaded && loaded is ImageTokenizer model ? new TorchTokenizer(model) : (ITokenizerBackend)loaded;

    /// <summary>Another handle to the same weights, for a transformer that will dispose it.</summary>
    /// <exception cref="ObjectDisposedException">The weights were freed.</exception>
    internal ResTokTokenizer Share() => new(this);
}
