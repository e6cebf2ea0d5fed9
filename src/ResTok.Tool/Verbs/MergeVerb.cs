using System.CommandLine;
using System.Text.Json;
using ResTok.MLNet.Tables;
using ResTok.Models;
using ResTok.Models.Checkpoints;
using ResTok.Models.Evaluation;
using ResTok.Models.Runtime;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Plans;
using ResTok.Tool.Work;
using TorchSharp;

namespace ResTok.Tool.Verbs;

/// <summary><c>restok merge</c>: the end of a plan: an index of its shards, or one file of them.</summary>
internal static class MergeVerb
{
    private const string IndexFile = "index.json";

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    public static Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "A plan's folder." };
        var output = new Option<string?>("--output", "-o") { Description = "One table (all.parquet) or npz of all shards, or with --format npy a folder; by default only index.json is written." };
        var format = new Option<TokenFormat>("--format") { Description = "Of tokens: Parquet, or Npy, the reference's layout.", DefaultValueFactory = _ => TokenFormat.Parquet };
        var dataset = new Option<string>("--dataset") { Description = "With --format npy, what files are named by.", DefaultValueFactory = _ => "imagenet" };
        return new Command("merge", "Ends a plan: checks that all shards are there, writes an index of them, and joins them if asked to.") { folder, output, format, dataset }.Runs((parsed, stop) =>
        {
            PlanFolder plan = PlanFolder.Open(parsed.GetValue(folder)!);
            ShardManifest?[] manifests = [.. plan.Plan.Shards.Select(plan.Find)];
            if (manifests.Contains(null))
                throw new InvalidOperationException($"{manifests.Count(manifest => manifest is null)} of {manifests.Length} shards are not done; restok status says which.");
            AtomicFile.Write(Path.Combine(plan.Root, IndexFile), stream => JsonSerializer.Serialize(
                stream, new { Rows = manifests.Sum(manifest => manifest!.Rows), NotUsable = manifests.Sum(manifest => manifest!.Invalid.Count), Shards = manifests.Select(manifest => new { manifest!.Shard, manifest.Rows, manifest.Bytes, manifest.Sha256 }) }, Json));
            foreach (string left in Directory.GetFiles(plan.Root, $"*{plan.Plan.Ending}.*.tmp")) // of workers that were killed
                File.Delete(left);
            if (parsed.GetValue(output) is { } target)
                Join(plan, manifests!, target, parsed.GetValue(format), parsed.GetValue(dataset)!, stop);
            Console.WriteLine($"{manifests.Length} shards, {manifests.Sum(manifest => manifest!.Rows)} rows, {manifests.Sum(manifest => manifest!.Invalid.Count)} inputs not usable.");
            return Task.FromResult(0);
        });
    }

    private static void Join(PlanFolder plan, ShardManifest[] manifests, string target, TokenFormat format, string dataset, CancellationToken stop)
    {
        string[] paths = [.. plan.Plan.Shards.Select(plan.PathOf)];
        if (plan.Plan.Task == PlanTask.Decode)
        {
            JoinImages(paths, manifests.Sum(manifest => manifest.Rows), Path.GetFullPath(target), stop);
            return;
        }
        TokenTableFiles table = TokenTableFiles.Open(Path.Combine(plan.Root, "tokens-*.parquet"), new());
        if (format == TokenFormat.Npy)
        {
            int? side = table.Files[0].Metadata.Config is { } config ? TokenizerConfig.Load(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(config))).CropSize : null;
            using var codes = new NpyCodes(target, dataset + side);
            Copy(table, codes.Add, stop);
            codes.Complete();
            return;
        }
        AtomicFile.Write(Path.GetFullPath(target), stream =>
        {
            using var writer = new TokenTableWriter(stream, table.TokensPerRow, table.Files[0].Metadata);
            Copy(table, writer.Add, stop);
            writer.Complete();
        });
    }

    private static void Copy(TokenTableFiles table, Action<string?, int?, int, ReadOnlySpan<int>> sink, CancellationToken stop)
    {
        var rows = new TokenRows();
        int count = table.TokensPerRow;
        foreach (TokenTableFile file in table.Files)
        {
            using TokenTableFile.Reading reading = file.Open();
            for (int group = 0; group < file.GroupRows.Count; group++)
            {
                stop.ThrowIfCancellationRequested();
                rows.Clear();
                file.Read(reading, group, rows, TokenTableColumns.All);
                ReadOnlySpan<int> tokens = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(rows.Tokens);
                for (int row = 0; row < rows.Count; row++)
                    sink(rows.Ids[row], rows.Labels[row], rows.Views[row], tokens.Slice(row * count, count));
            }
        }
    }

    private static void JoinImages(string[] paths, long rows, string target, CancellationToken stop)
    {
        const int Batch = 64;
        TorchRuntime.EnsureLoaded();
        torch.Tensor first = NpzFile.ReadImages(paths[0], 1).Select(image => image.alias()).First();
        (long height, long width) = (first.shape[2], first.shape[3]);
        first.Dispose();
        NpzFile.WriteImages(target, rows, (height, width), paths.SelectMany(path =>
        {
            stop.ThrowIfCancellationRequested();
            return NpzFile.ReadImages(path, Batch);
        }));
    }
}
