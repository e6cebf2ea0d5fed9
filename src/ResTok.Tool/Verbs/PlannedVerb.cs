using System.CommandLine;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Inputs;
using ResTok.Tool.Plans;
using ResTok.Tool.Work;

namespace ResTok.Tool.Verbs;

/// <summary>A verb whose work can be planned: it works on a plan that is there (<c>--plan</c>), or on what its command line asks for.</summary>
internal static class PlannedVerb
{
    /// <param name="name">Of the verb.</param>
    /// <param name="description">Of the verb.</param>
    /// <param name="outputs">What <c>--output</c> may be.</param>
    /// <param name="example">The same for whoever leaves it out.</param>
    /// <param name="model">The verb's, among its options.</param>
    /// <param name="addOptions">Adds the verb's own options.</param>
    /// <param name="run">Runs it without a plan; returns the exit code.</param>
    public static Command Create(
        string name, string description, string outputs, string example, ModelOptions model, Action<Command> addOptions, Func<PlannedCall, Task<int>> run)
    {
        var output = new Option<string?>("--output", "-o") { Description = outputs };
        var worker = new WorkerOptions();
        var command = new Command(name, description) { output };
        addOptions(command);
        worker.AddTo(command);
        return command.Runs(async (parsed, stop) =>
        {
            if (worker.Folder(parsed) is { } planned)
                return await worker.RunAsync(parsed, PlanFolder.Open(planned), model, stop).ConfigureAwait(false);
            string target = parsed.GetValue(output) ?? throw new ArgumentException($"Say where to write: {example}.");
            return await run(new(name, parsed, Path.GetFullPath(target), worker, model, stop)).ConfigureAwait(false);
        });
    }
}

/// <summary>What the command line of such a verb asks for; the token stops it after the batch under way.</summary>
internal sealed record PlannedCall(string Verb, ParseResult Parsed, string Target, WorkerOptions Worker, ModelOptions Model, CancellationToken Stop)
{
    /// <summary>Whether one table is asked for, and not a folder.</summary>
    public bool IsTable => Target.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);

    /// <summary>Makes the target a plan's folder, and works on it.</summary>
    public Task<int> WorkAsync(Plan plan, IReadOnlyList<ImageFiles.Entry> files) => Worker.RunAsync(Parsed, PlanFolder.Create(Target, plan, files), Model, Stop);

    /// <summary>Does the whole of a plan in one go, without a folder for it.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="run">Does it.</param>
    public async Task<int> RunAsync<TWork>(Plan plan, Action<TWork, RunMeter> run)
        where TWork : IShardWork
    {
        using var work = (TWork)await Worker.OpenAsync(Parsed, plan, Model, Stop).ConfigureAwait(false);
        var meter = new RunMeter();
        ProgressDisplay.Run(Verb, plan.Rows, meter, () => run(work, meter));
        Console.WriteLine($"{Target}: {meter.Describe()}");
        return 0;
    }
}
