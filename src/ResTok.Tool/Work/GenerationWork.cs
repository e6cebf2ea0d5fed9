using System.Diagnostics;
using System.Globalization;
using ResTok.MLNet.Tables;
using ResTok.Models;
using ResTok.Tool.Plans;
using TorchSharp;

namespace ResTok.Tool.Work;

/// <summary>
/// Makes token tables of classes. A row's random stream is keyed by its number in the plan, and so its tokens depend on no worker.
/// Disposes the generator.
/// </summary>
internal sealed class GenerationWork(Plan plan, ImageGenerator generator) : IShardWork
{
    public ShardResult Run(PlanShard shard, Stream stream, RunMeter meter, CancellationToken cancellationToken)
    {
        int perRow = generator.Config.Tokens;
        using var writer = new TokenTableWriter(stream, perRow, plan.MetadataOf(generator.Config.CodebookSize, generator.Config.ToJson(), null));
        for (long first = shard.First; first < shard.First + shard.Rows; first += plan.BatchSize)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int rows = (int)Math.Min(plan.BatchSize, shard.First + shard.Rows - first);
            int[] classes = [.. Enumerable.Range(0, rows).Select(row => plan.Classes![(int)((first + row) / plan.PerClass)])];
            long start = Stopwatch.GetTimestamp();
            using torch.Tensor tokens = generator.Generate(
                new(classes) { RowIds = [.. Enumerable.Range(0, rows).Select(row => first + row)] }, plan.Sampling, cancellationToken: cancellationToken);
            using torch.Tensor values = tokens.cpu();
            int[] all = Array.ConvertAll(values.data<long>().ToArray(), token => (int)token);
            meter.Add(rows, Stopwatch.GetElapsedTime(start));
            for (int row = 0; row < rows; row++)
                writer.Add((first + row).ToString(CultureInfo.InvariantCulture), classes[row], 0, all.AsSpan(row * perRow, perRow));
        }
        writer.Complete();
        return new(writer.Count, []);
    }

    public void Dispose() => generator.Dispose();
}
