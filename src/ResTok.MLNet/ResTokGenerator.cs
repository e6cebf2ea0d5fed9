using Microsoft.ML.Runtime;
using ResTok.MLNet.Backends;
using ResTok.Models;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet;

/// <summary>
/// A handle to a generator's weights, for <see cref="ResTokCatalog.ResTokGenerate"/> and
/// <see cref="ResTokCatalog.ResTokTrainGenerator"/>. The weights are loaded on first use, shared by all stages made with this handle, and
/// freed when the handle and all those stages' transformers are disposed. Safe for use by several threads.
/// </summary>
public sealed class ResTokGenerator : ResTokHandle<ImageGenerator, GeneratorConfig>
{
    internal ResTokGenerator(string path, ResTokLoadOptions? options, Func<IHostEnvironment, (string Device, string? Warning)>? find = null)
        : base(path, options, find)
    {
    }

    /// <summary>Exported files, which are taken over.</summary>
    internal ResTokGenerator(OnnxFiles files, ResTokLoadOptions options)
        : base(files, options, (runtime, opened, device) => runtime.OpenGenerator(opened, device))
    {
    }

    private ResTokGenerator(Func<Stream> openConfig, Func<Stream> openWeights, ResTokLoadOptions? options)
        : base(openConfig, openWeights, options)
    {
    }

    private ResTokGenerator(ImageGenerator model)
        : base(model)
    {
    }

    private ResTokGenerator(ResTokGenerator other)
        : base(other)
    {
    }

    /// <summary>Opens a saved generator. Its configuration is read at once, its weights when they are first used.</summary>
    /// <param name="path">A folder or file as for <see cref="ImageGenerator.Load(string, TorchSharp.torch.Device?, Precision, GeneratorConfig?)"/>, or the id of a model that is in the hub's cache; with <see cref="ResTokBackend.Onnx"/>, the folder that <c>ExportOnnx</c> wrote.</param>
    /// <param name="options">How to use it.</param>
    /// <example>
    /// <code>
    /// using ResTokGenerator generator = ResTokGenerator.Load("llamagen_l_c2i_restok_l_128");
    /// </code>
    /// </example>
    /// <exception cref="CheckpointException">There is no model, or its configuration cannot be used.</exception>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="InvalidOperationException">With <see cref="ResTokBackend.Onnx"/>, the program does not reference ResTok.MLNet.Onnx.</exception>
    public static ResTokGenerator Load(string path, ResTokLoadOptions? options = null) =>
        options?.UsesOnnx() == true ? new(new OnnxFiles(path, OnnxLayout.Generator), options) : new(path, options);

    /// <summary>Opens a generator kept in streams, such as resources of an assembly. Its configuration is read at once, its weights when they are first used.</summary>
    /// <param name="openConfig">Opens <c>config.json</c> of the official layout.</param>
    /// <param name="openWeights">Opens <c>model.safetensors</c>; read forward only, once for every device.</param>
    /// <param name="options">How to use it.</param>
    /// <exception cref="CheckpointException">The configuration cannot be used.</exception>
    public static ResTokGenerator Load(Func<Stream> openConfig, Func<Stream> openWeights, ResTokLoadOptions? options = null) => new(openConfig, openWeights, options);

    /// <summary>
    /// Opens a generator from the Hugging Face hub, which is downloaded unless the cache has it; see
    /// <see cref="HuggingFaceHub.DownloadAsync"/>.
    /// </summary>
    /// <param name="repository">The model's id, <c>owner/name</c>.</param>
    /// <param name="options">How to use it.</param>
    /// <param name="hub">Which revision, from where and to where; by default what the environment says.</param>
    /// <param name="progress">Told how far the download of each file is.</param>
    /// <param name="cancellationToken">Stops the download; what has arrived is kept for the next time.</param>
    /// <example>
    /// <code>
    /// using ResTokGenerator generator = await ResTokGenerator.FromHubAsync("owner/generator", hub: new() { Revision = "main" });
    /// </code>
    /// </example>
    /// <exception cref="ArgumentException">The id, the revision or the endpoint is invalid.</exception>
    /// <exception cref="HubException">The model is unavailable or cannot be kept; the message says why and what to do.</exception>
    /// <exception cref="CheckpointException">It is no generator, or its configuration cannot be used.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static async Task<ResTokGenerator> FromHubAsync(
        string repository, ResTokLoadOptions? options = null, HubOptions? hub = null, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ResTokLoadOptions.ThrowIfNotForHub(options);
        return Load(await HuggingFaceHub.DownloadAsync(repository, hub, progress, cancellationToken).ConfigureAwait(false), options);
    }

    /// <summary>Makes a handle to a generator in memory.</summary>
    /// <param name="model">The handle takes it over and disposes it.</param>
    public static ResTokGenerator FromModel(ImageGenerator model) => new(model);

    /// <summary>What computes for stages: the handle's, not to be disposed.</summary>
    /// <exception cref="ObjectDisposedException">The weights were freed.</exception>
    internal IGeneratorBackend Backend(IHostEnvironment environment) => Weights.Get(environment) is var loaded && loaded is ImageGenerator model ? new TorchGenerator(model) : (IGeneratorBackend)loaded;

    /// <summary>Another handle to the same weights, for a transformer that will dispose it.</summary>
    /// <exception cref="ObjectDisposedException">The weights were freed.</exception>
    internal ResTokGenerator Share() => new(this);
}
