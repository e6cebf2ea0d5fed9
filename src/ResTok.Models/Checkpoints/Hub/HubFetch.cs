using System.Net;
using Polly;

namespace ResTok.Models.Checkpoints;

/// <summary>Brings what a model needs of one repository into the cache.</summary>
internal sealed class HubFetch(HubClient client, HubCache cache, string repository, HubOptions options, IProgress<HubProgress>? progress)
{
    private static readonly string[] ConfigFiles = ["config.json", "config.yaml"];
    private static readonly string[] WeightFiles = [.. CheckpointLayout.WeightFiles.Select(file => file.Replace(Path.DirectorySeparatorChar, '/'))];

    private readonly ResiliencePipeline retry = HubRetry.Create(options.Time);

    /// <param name="cached">The snapshot to use where the hub gives no answer, or null.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The snapshot.</returns>
    public async Task<string> RunAsync(string? cached, CancellationToken cancellation)
    {
        HubFile config;
        try
        {
            // With something to fall back on, a hub that does not answer is not asked again.
            config = await FindAsync(options.Revision, ConfigFiles, cached is null ? retry : ResiliencePipeline.Empty, cancellation).ConfigureAwait(false);
        }
        catch (HubException fault) when (cached is not null && fault.StatusCode != HttpStatusCode.NotFound)
        {
            return cached;
        }

        // From here on the commit is asked for, so that a branch that moves meanwhile cannot mix two versions.
        string snapshot = cache.Snapshot(config.Commit);
        bool wasComplete = CheckpointLayout.IsComplete(snapshot);
        if (!wasComplete)
        {
            HubFile weights = await FindAsync(config.Commit, WeightFiles, retry, cancellation).ConfigureAwait(false);
            await KeepAsync(config, cancellation).ConfigureAwait(false);
            await KeepAsync(weights, cancellation).ConfigureAwait(false);
            if (CheckpointLayout.IsIndex(weights.Name))
                await KeepShardsAsync(weights, cancellation).ConfigureAwait(false);
        }
        try
        {
            cache.SetReference(config.Commit); // last, so that it never leads to half a model
        }
        catch (Exception fault) when (wasComplete && fault is IOException or UnauthorizedAccessException)
        {
            // A cache that can only be read still serves.
        }
        return snapshot;
    }

    /// <summary>The first of some files that a revision has.</summary>
    /// <exception cref="HubException">It has none of them.</exception>
    private async Task<HubFile> FindAsync(string revision, string[] names, ResiliencePipeline pipeline, CancellationToken cancellation)
    {
        foreach (string name in names)
        {
            if (await pipeline.ExecuteAsync(async token => await client.FindAsync(revision, name, token).ConfigureAwait(false), cancellation).ConfigureAwait(false) is { } file)
                return file;
        }
        throw new HubException($"{repository} at '{revision}' has no {string.Join(" or ", names)}, so it cannot be loaded here. Check the id and the revision.")
        {
            StatusCode = HttpStatusCode.NotFound,
        };
    }

    private async Task KeepShardsAsync(HubFile index, CancellationToken cancellation)
    {
        foreach (string shard in CheckpointLayout.ParseIndex(cache.Pointer(index)).Keys.Order(StringComparer.Ordinal))
        {
            HubFile file = await FindAsync(index.Commit, [Path.GetFileName(shard)], retry, cancellation).ConfigureAwait(false);
            await KeepAsync(file, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Brings a file into its snapshot unless it is there.</summary>
    private async Task KeepAsync(HubFile file, CancellationToken cancellation)
    {
        string blob = cache.Blob(file), pointer = cache.Pointer(file), partial = $"{blob}.incomplete";
        if (CheckpointLayout.IsThere(pointer))
            return;
        using IDisposable gate = await cache.LockAsync(file, cancellation).ConfigureAwait(false);
        if (CheckpointLayout.IsThere(pointer)) // another process was faster
            return;
        bool isNew = !File.Exists(blob);
        if (isNew)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
            await new HubDownload(client, retry, file, partial, progress).RunAsync(cancellation).ConfigureAwait(false);
            File.Move(partial, blob);
        }
        cache.Link(file, isNew);
    }
}
