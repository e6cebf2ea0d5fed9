using ResTok.Models;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet;

/// <summary>
/// A handle to a generator's weights, for <see cref="ResTokCatalog.ResTokGenerate"/>. The weights are loaded on first use, shared by
/// all stages made with this handle, and freed when the handle and all those stages' transformers are disposed. Safe for use by
/// several threads.
/// </summary>
public sealed class ResTokGenerator : IDisposable
{
    private int disposals;

    internal ResTokGenerator(SharedGenerator shared) => Shared = shared;

    /// <summary>The generator's configuration.</summary>
    public GeneratorConfig Config => Shared.Config;

    internal SharedGenerator Shared { get; }

    /// <summary>Opens a saved generator. Its configuration and the header of its weights are read at once, the weights when they are first used.</summary>
    /// <param name="path">A folder or file as for <see cref="ImageGenerator.Load(string, TorchSharp.torch.Device?, Precision, GeneratorConfig?)"/>, or the id of a model that is in the hub's cache.</param>
    /// <param name="options">How to use it.</param>
    /// <example>
    /// <code>
    /// using ResTokGenerator generator = ResTokGenerator.Load("llamagen_l_c2i_restok_l_128");
    /// </code>
    /// </example>
    /// <exception cref="CheckpointException">There is no model, or its configuration or its weight files cannot be used.</exception>
    public static ResTokGenerator Load(string path, ResTokModel.Options? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new();
        return new(ModelKinds.Generator.At(path, options.Precision, options.StoreByReference));
    }

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
    /// using ResTokGenerator generator = await ResTokGenerator.LoadAsync("owner/generator", hub: new() { Revision = "main" });
    /// </code>
    /// </example>
    /// <exception cref="ArgumentException">The id, the revision or the endpoint is none.</exception>
    /// <exception cref="HubException">The model cannot be had or kept; the message says why and what to do.</exception>
    /// <exception cref="CheckpointException">It is no generator, or its configuration cannot be used.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static async Task<ResTokGenerator> LoadAsync(
        string repository, ResTokModel.Options? options = null, HubOptions? hub = null, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Load(await HuggingFaceHub.DownloadAsync(repository, hub, progress, cancellationToken).ConfigureAwait(false), options);

    /// <summary>Opens a generator kept in streams, such as resources of an assembly. Its configuration is read at once, its weights when they are first used.</summary>
    /// <param name="openConfig">Opens <c>config.json</c> of the official layout.</param>
    /// <param name="openWeights">Opens <c>model.safetensors</c>; read forward only, once for every device.</param>
    /// <param name="precision">The number format to compute in.</param>
    /// <exception cref="CheckpointException">The configuration cannot be used.</exception>
    public static ResTokGenerator Load(Func<Stream> openConfig, Func<Stream> openWeights, Precision precision = Precision.Float32)
    {
        ArgumentNullException.ThrowIfNull(openConfig);
        ArgumentNullException.ThrowIfNull(openWeights);
        return new(ModelKinds.Generator.In(openConfig, openWeights, precision));
    }

    /// <summary>Makes a handle to a generator in memory.</summary>
    /// <param name="generator">The handle takes it over and disposes it.</param>
    public static ResTokGenerator FromGenerator(ImageGenerator generator)
    {
        ArgumentNullException.ThrowIfNull(generator);
        return new(SharedGenerator.Of(ModelKinds.Generator, generator));
    }

    /// <summary>Lets go of the weights; transformers made with this handle keep working until they are disposed.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposals, 1) == 0) // a second release would take the weights from somebody else
            Shared.Release();
    }
}
