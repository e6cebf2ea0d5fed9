using ResTok.Models;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet;

/// <summary>
/// A handle to a ResTok tokenizer's weights, for the pipeline stages that use them. The weights are loaded on first use, shared by
/// all stages made with this handle, and freed when the handle and all those stages' transformers are disposed. Safe for use by
/// several threads.
/// </summary>
public sealed class ResTokModel : IDisposable
{
    private int disposals;

    internal ResTokModel(SharedTokenizer shared) => Shared = shared;

    /// <summary>
    /// Says where a model is now that a saved pipeline refers to by path (see <see cref="Options.StoreByReference"/>): takes the
    /// path that was saved, gives the path to use. Null uses the saved path.
    /// </summary>
    public static Func<string, string>? ReferenceResolver { get; set; }

    /// <summary>The tokenizer's configuration.</summary>
    public TokenizerConfig Config => Shared.Config;

    internal SharedTokenizer Shared { get; }

    /// <summary>Opens a saved tokenizer. Its configuration and the header of its weights are read at once, the weights when they are first used.</summary>
    /// <param name="path">A folder or file as for <see cref="ImageTokenizer.Load(string, TorchSharp.torch.Device?, Precision, TokenizerConfig?)"/>, or the id of a model that is in the hub's cache.</param>
    /// <param name="options">How to use it.</param>
    /// <example>
    /// <code>
    /// using ResTokModel restok = ResTokModel.Load("restok_l_128.r256_in1k", new() { Precision = Precision.BFloat16 });
    /// </code>
    /// </example>
    /// <exception cref="CheckpointException">There is no model, or its configuration or its weight files cannot be used.</exception>
    public static ResTokModel Load(string path, Options? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new();
        return new(ModelKinds.Tokenizer.At(path, options.Precision, options.StoreByReference));
    }

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
    /// using ResTokModel restok = await ResTokModel.LoadAsync("xushu-me/restok_l_128.r256_in1k", progress: progress);
    /// </code>
    /// </example>
    /// <exception cref="ArgumentException">The id, the revision or the endpoint is none.</exception>
    /// <exception cref="HubException">The model cannot be had or kept; the message says why and what to do.</exception>
    /// <exception cref="CheckpointException">It is no tokenizer, or its configuration cannot be used.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static async Task<ResTokModel> LoadAsync(
        string repository, Options? options = null, HubOptions? hub = null, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Load(await HuggingFaceHub.DownloadAsync(repository, hub, progress, cancellationToken).ConfigureAwait(false), options);

    /// <summary>Opens a tokenizer kept in streams, such as resources of an assembly. Its configuration is read at once, its weights when they are first used.</summary>
    /// <param name="openConfig">Opens <c>config.json</c> of the official layout.</param>
    /// <param name="openWeights">Opens <c>model.safetensors</c>; read forward only, once for every device.</param>
    /// <param name="precision">The number format to compute in.</param>
    /// <exception cref="CheckpointException">The configuration cannot be used.</exception>
    public static ResTokModel Load(Func<Stream> openConfig, Func<Stream> openWeights, Precision precision = Precision.Float32)
    {
        ArgumentNullException.ThrowIfNull(openConfig);
        ArgumentNullException.ThrowIfNull(openWeights);
        return new(ModelKinds.Tokenizer.In(openConfig, openWeights, precision));
    }

    /// <summary>Makes a handle to a tokenizer in memory.</summary>
    /// <param name="tokenizer">The handle takes it over and disposes it.</param>
    public static ResTokModel FromTokenizer(ImageTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return new(SharedTokenizer.Of(ModelKinds.Tokenizer, tokenizer));
    }

    /// <summary>Lets go of the weights; transformers made with this handle keep working until they are disposed.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposals, 1) == 0) // a second release would take the weights from somebody else
            Shared.Release();
    }

    /// <summary>How to use a model.</summary>
    public sealed class Options
    {
        /// <summary>The number format to compute in.</summary>
        public Precision Precision { get; init; } = Precision.Float32;

        /// <summary>
        /// Whether a saved pipeline refers to the model by path and SHA-256 and does not hold the weights. See
        /// <see cref="ReferenceResolver"/>.
        /// </summary>
        public bool StoreByReference { get; init; }
    }
}
