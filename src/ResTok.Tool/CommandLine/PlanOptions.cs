using System.CommandLine;

namespace ResTok.Tool.CommandLine;

/// <summary>How work is divided.</summary>
internal sealed class PlanOptions
{
    private readonly Option<int> rowsPerShard = new("--rows-per-shard") { Description = "Rows of a shard, where inputs are no shards themselves.", DefaultValueFactory = _ => 10_000 };
    private readonly Option<int?> workers = new("--workers") { Description = "Workers that share the shards; by default one for each." };

    public void AddTo(Command command)
    {
        command.Add(rowsPerShard);
        command.Add(workers);
    }

    public int RowsPerShard(ParseResult parsed) => AtLeastOne(parsed.GetValue(rowsPerShard), "--rows-per-shard");

    public int Workers(ParseResult parsed, int shards) => parsed.GetValue(workers) is { } given ? AtLeastOne(given, "--workers") : Math.Max(1, shards);

    /// <exception cref="ArgumentException">It is not.</exception>
    public static int AtLeastOne(int value, string option) => value > 0 ? value : throw new ArgumentException($"{option} is {value}, but must be 1 or more.");
}
