namespace ResTok.Models.Checkpoints;

/// <summary>
/// Models from the Hugging Face hub or one that speaks like it, kept in the same cache as <c>huggingface_hub</c> for Python
/// keeps them, so that each finds what the other fetched.
/// </summary>
public static class HuggingFaceHub
{
    /// <summary>Whether a text has the form of a model's id on the hub: <c>owner/name</c>.</summary>
    /// <param name="text">Any text; a relative path may have this form too.</param>
    public static bool IsRepositoryId(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return HubNames.IsRepository(text);
    }

    /// <summary>Looks for a model in the cache and asks nobody.</summary>
    /// <param name="repository">The model's id, <c>owner/name</c>.</param>
    /// <param name="options">Which revision, and where; by default what the environment says.</param>
    /// <returns>The folder of its snapshot, or null where the cache lacks the model or a part of it.</returns>
    /// <exception cref="ArgumentException">The id, the revision or the endpoint is invalid.</exception>
    /// <exception cref="HubException">The environment's <c>HF_ENDPOINT</c> is no address.</exception>
    public static string? FindCached(string repository, HubOptions? options = null)
    {
        options ??= new();
        Check(repository, options);
        return new HubCache(options, repository).FindSnapshot();
    }

    /// <summary>
    /// Downloads a model's configuration and weights unless the cache has them: <c>config.json</c> with <c>model.safetensors</c>,
    /// or the shards of <c>model.safetensors.index.json</c>, or else <c>pytorch_model.bin</c>.
    /// </summary>
    /// <remarks>
    /// A branch or tag is looked up each time; where the hub cannot be reached or refuses, the version in the cache is used. A cut
    /// download goes on where it stopped, also in a later run. Every file's checksum is verified before it gets its name. Several
    /// processes may ask for the same model at once.
    /// </remarks>
    /// <param name="repository">The model's id, <c>owner/name</c>.</param>
    /// <param name="options">Which revision, from where and to where; by default what the environment says.</param>
    /// <param name="progress">Told how far each file is; files that are there already are not mentioned.</param>
    /// <param name="cancellationToken">Stops it; what has arrived is kept for the next time.</param>
    /// <returns>The folder of the snapshot, to open with <see cref="ImageTokenizer"/> or <see cref="ImageGenerator"/>.</returns>
    /// <example>
    /// <code>
    /// string folder = await HuggingFaceHub.DownloadAsync("xushu-me/restok_l_128.r256_in1k");
    /// using ImageTokenizer tokenizer = ImageTokenizer.Load(folder);
    /// </code>
    /// </example>
    /// <exception cref="ArgumentException">The id, the revision or the endpoint is invalid.</exception>
    /// <exception cref="HubException">The model is unavailable or cannot be kept; the message says why and what to do.</exception>
    /// <exception cref="CheckpointException">The index of shards is damaged.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static async Task<string> DownloadAsync(
        string repository, HubOptions? options = null, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        Check(repository, options);
        var cache = new HubCache(options, repository);
        try
        {
            string? cached = cache.FindSnapshot();
            if (cached is not null && (options.Offline || HubNames.IsCommit(options.Revision)))
                return cached;
            if (options.Offline)
                throw new HubException($"{repository} at '{options.Revision}' is not in the cache {options.CacheFolder}, or only a part of it, and the hub is not asked because HF_HUB_OFFLINE or HubOptions.Offline is set. Fetch it with a connection first, or check HF_HOME and HF_HUB_CACHE.");
            using var client = new HubClient(options, repository);
            return await new HubFetch(client, cache, repository, options, progress).RunAsync(cached, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is UnauthorizedAccessException || (fault is IOException && fault is not (HubException or CheckpointException)))
        {
            throw new HubException($"{repository} cannot be kept in {options.CacheFolder}: {fault.Message.TrimEnd('.')}. Make room there, or set HF_HUB_CACHE or HubOptions.CacheFolder to a folder that can be written; what has arrived is kept.", fault);
        }
    }

    private static void Check(string repository, HubOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(repository);
        if (!HubNames.IsRepository(repository))
            throw new ArgumentException($"'{repository}' is no id of a model on the hub, which is owner/name. A folder is opened with Load.", nameof(repository));
        if (!HubNames.IsRevision(options.Revision))
            throw new ArgumentException($"'{options.Revision}' is no branch, tag or commit.", nameof(options));
        if (!HubOptions.IsWeb(options.Endpoint))
            throw new ArgumentException($"'{options.Endpoint}' is no http or https address of a hub.", nameof(options));
    }
}
