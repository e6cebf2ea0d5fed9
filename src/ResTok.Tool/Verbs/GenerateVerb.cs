using System.CommandLine;
using ResTok.Models.Checkpoints;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Models;
using ResTok.Tool.Plans;
using ResTok.Tool.Work;

namespace ResTok.Tool.Verbs;

/// <summary><c>restok generate</c>: classes to tokens, which <c>restok decode</c> makes images of.</summary>
internal static class GenerateVerb
{
    public static Command Create()
    {
        var output = new Option<string?>("--output", "-o") { Description = "A token table (drawn.parquet), or a folder for a plan and its shards." };
        var options = new GenerationOptions();
        var worker = new WorkerOptions();
        var command = new Command("generate", "Generates images of classes as tokens. Sampling is the paper's unless said otherwise.") { output };
        options.AddTo(command);
        worker.AddTo(command);
        return command.Runs(async (parsed, stop) =>
        {
            if (worker.Folder(parsed) is { } planned)
                return await worker.RunAsync(parsed, PlanFolder.Open(planned), options.Model, stop).ConfigureAwait(false);
            string target = parsed.GetValue(output) ?? throw new ArgumentException("Say where to write: -o drawn.parquet, or a folder.");
            Plan plan = await options.PlanAsync(parsed, stop).ConfigureAwait(false);
            if (!target.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase))
                return await worker.RunAsync(parsed, PlanFolder.Create(target, plan, []), options.Model, stop).ConfigureAwait(false);
            var choice = new ModelChoice(plan.Model, plan.Precision);
            using var work = new GenerationWork(plan, choice.LoadGenerator(await choice.LocateAsync(stop).ConfigureAwait(false), options.Model.ReadDevice(parsed)));
            var meter = new RunMeter();
            ProgressDisplay.Run("generate", plan.Rows, meter, () =>
            {
                AtomicFile.Write(Path.GetFullPath(target), stream => work.Run(new("", null, 0, plan.Rows), stream, meter, stop));
                return 0;
            });
            Console.WriteLine($"{target}: {meter.Describe()}");
            return 0;
        });
    }
}
