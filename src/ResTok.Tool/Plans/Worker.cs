using System.Globalization;
using System.Security.Cryptography;
using ResTok.Models.Checkpoints;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Work;

namespace ResTok.Tool.Plans;

/// <summary>
/// Fills a plan's folder: makes the shards of a worker that are not there yet, one after another. A shard gets its name when it is whole,
/// and its manifest after that; who is killed between leaves nothing that counts, and who makes a shard again makes the same bytes.
/// </summary>
internal static class Worker
{
    /// <param name="folder">The plan.</param>
    /// <param name="worker">Which shards.</param>
    /// <param name="work">Opens what makes shards, where there are any to make.</param>
    /// <param name="cancellationToken">Ends after the batch under way.</param>
    /// <returns>Shards made.</returns>
    /// <exception cref="OperationCanceledException">It was stopped; the shard under way is made again by whoever comes next.</exception>
    public static int Run(PlanFolder folder, WorkerIndex worker, Func<IShardWork> work, CancellationToken cancellationToken)
    {
        PlanShard[] missing = [.. folder.Plan.Shards.Where((shard, number) => worker.Owns(number) && folder.Find(shard) is null)];
        if (missing.Length == 0)
            return 0;
        using IShardWork open = work();
        foreach (PlanShard shard in missing)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var meter = new RunMeter();
            ShardResult result = new(0, []);
            string path = folder.PathOf(shard);
            ProgressDisplay.Run(shard.Name, shard.Rows, meter, () => AtomicFile.Write(path, stream => result = open.Run(shard, stream, meter, cancellationToken)));
            var manifest = new ShardManifest(
                Path.GetFileName(path), result.Rows, new FileInfo(path).Length, HashOf(path), folder.Hash, Environment.MachineName,
                Math.Round(meter.Elapsed.TotalSeconds, 3), Math.Round(meter.DeviceShare, 4), result.Invalid);
            AtomicFile.Write(folder.ManifestOf(shard), stream => stream.Write(manifest.ToJson()));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{manifest.Shard}: {result.Rows} rows; {meter.Describe()}"));
            Report(result.Invalid);
        }
        return missing.Length;
    }

    /// <summary>SHA-256 of a file, in hexadecimal.</summary>
    public static string HashOf(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Lists inputs that could not be used.</summary>
    public static void Report(IReadOnlyList<InvalidInput> invalid)
    {
        foreach (InvalidInput input in invalid)
            Console.Error.WriteLine($"restok: not usable: {input.Error}");
        if (invalid.Count > 0)
            Console.Error.WriteLine($"restok: {invalid.Count} inputs were not usable, and were left out.");
    }
}
