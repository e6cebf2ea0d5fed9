using System.CommandLine;
using System.Globalization;
using ResTok.Models;
using ResTok.Tool.Models;
using ResTok.Tool.Plans;

namespace ResTok.Tool.CommandLine;

/// <summary>What generate and its plan are told: classes and sampling.</summary>
internal sealed class GenerationOptions
{
    private readonly Option<string> classes = new("--classes") { Description = "Numbers, ranges or names of classes, such as 0-9,207,house; all by default.", DefaultValueFactory = _ => "all" };
    private readonly Option<int> perClass = new("--per-class") { Description = "Rows of each class.", DefaultValueFactory = _ => 1 };
    private readonly Option<int> batch = new("--batch") { Description = "Rows at once. Rounding depends on it.", DefaultValueFactory = _ => 16 };
    private readonly SamplingArguments sampling = new();
    private readonly PlanOptions planning = new();

    public ModelOptions Model { get; } = new();

    public void AddTo(Command command)
    {
        command.Add(classes);
        command.Add(perClass);
        command.Add(batch);
        sampling.AddTo(command, withGuidance: true);
        Model.AddTo(command);
        planning.AddTo(command);
    }

    public async Task<Plan> PlanAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        ModelChoice choice = Model.Read(parsed);
        string? path = await choice.LocateAsync(cancellationToken).ConfigureAwait(false);
        GeneratorConfig config = ModelChoice.GeneratorConfigOf(path);
        int[] wanted = [.. Classes(parsed.GetValue(classes)!, config)];
        int each = PlanOptions.AtLeastOne(parsed.GetValue(perClass), "--per-class"), rowsPerShard = planning.RowsPerShard(parsed);
        long rows = (long)wanted.Length * each;
        PlanShard[] shards = [.. Enumerable.Range(0, (int)((rows + rowsPerShard - 1) / rowsPerShard))
            .Select(shard => new PlanShard($"tokens-{shard:00000}", null, (long)shard * rowsPerShard, Math.Min(rowsPerShard, rows - (long)shard * rowsPerShard)))];
        return new()
        {
            Task = PlanTask.Generate,
            Model = choice.InPlan(path),
            ModelSha256 = ModelChoice.Hash(path, "generator"),
            Precision = choice.Precision,
            BatchSize = PlanOptions.AtLeastOne(parsed.GetValue(batch), "--batch"),
            Classes = wanted,
            PerClass = each,
            Sampling = sampling.Read(parsed),
            Workers = planning.Workers(parsed, shards.Length),
            Shards = shards,
        };
    }

    /// <exception cref="ArgumentException">A class is not the generator's.</exception>
    internal static IEnumerable<int> Classes(string text, GeneratorConfig config)
    {
        if (text == "all")
            return Enumerable.Range(0, config.Classes);
        var found = new List<int>();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int named = config.ClassNames?.ToList().IndexOf(part) ?? -1;
            string[] ends = part.Split('-');
            if (named >= 0)
                found.Add(named);
            else if (int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first)
                && int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int last) && ends.Length <= 2 && first <= last && last < config.Classes)
                found.AddRange(Enumerable.Range(first, last - first + 1));
            else
                throw new ArgumentException($"'{part}' is no class: numbers are 0 to {config.Classes - 1}{(config.ClassNames is { } names ? $", names {string.Join(", ", names.Take(20))}" : "")}.");
        }
        return found.Count > 0 ? found : throw new ArgumentException("--classes names no class.");
    }
}
