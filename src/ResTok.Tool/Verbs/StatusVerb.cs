using System.CommandLine;
using System.Globalization;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Plans;

namespace ResTok.Tool.Verbs;

/// <summary><c>restok status</c>: how far a plan is. Exits with 0 when all shards are there, else with 75.</summary>
internal static class StatusVerb
{
    public static Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "A plan's folder." };
        return new Command("status", "Says how far a plan is: shards, rows, rate, time left, and the workers that have something left to do.") { folder }.Runs((parsed, _) =>
        {
            PlanFolder plan = PlanFolder.Open(parsed.GetValue(folder)!);
            ShardManifest?[] manifests = [.. plan.Plan.Shards.Select(plan.Find)];
            ShardManifest[] done = [.. manifests.OfType<ShardManifest>()];
            long inputs = plan.Plan.Shards.Where((_, shard) => manifests[shard] is not null).Sum(shard => shard.Rows), left = plan.Plan.Rows - inputs;
            double seconds = done.Sum(manifest => manifest.Seconds);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"shards: {done.Length} of {manifests.Length} done; rows: {done.Sum(manifest => manifest.Rows)}; not usable: {done.Sum(manifest => manifest.Invalid.Count)}"));
            if (seconds > 0)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"rate: {inputs / seconds:0.0} inputs/s a worker, the model {100 * done.Sum(manifest => manifest.DeviceShare * manifest.Seconds) / seconds:0} % of the time; left: {left} inputs, {TimeSpan.FromSeconds(left * seconds / Math.Max(inputs, 1)):d\\.hh\\:mm\\:ss} of one worker"));
            if (done.Length == manifests.Length)
                return Task.FromResult(0);
            Console.WriteLine($"missing: --array={Ranges(manifests.Select((manifest, shard) => (manifest, shard)).Where(item => item.manifest is null).Select(item => item.shard % plan.Plan.Workers))}");
            return Task.FromResult(Verb.Stopped);
        });
    }

    /// <summary>Numbers as Slurm writes them: 0,3-5.</summary>
    internal static string Ranges(IEnumerable<int> numbers)
    {
        var ranges = new List<(int First, int Last)>();
        foreach (int number in numbers.Distinct().Order())
        {
            if (ranges.Count > 0 && ranges[^1].Last == number - 1)
                ranges[^1] = (ranges[^1].First, number);
            else
                ranges.Add((number, number));
        }
        return string.Join(',', ranges.Select(range => range.First == range.Last ? $"{range.First}" : $"{range.First}-{range.Last}"));
    }
}
