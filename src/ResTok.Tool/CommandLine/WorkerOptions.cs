using System.CommandLine;
using ResTok.Models;
using ResTok.Tool.Models;
using ResTok.Tool.Plans;
using ResTok.Tool.Work;
using TorchSharp;

namespace ResTok.Tool.CommandLine;

/// <summary>What a worker of a plan is told: the plan's folder, and which worker it is.</summary>
internal sealed class WorkerOptions
{
    private readonly Option<string?> plan = new("--plan") { Description = "Work on the plan in this folder; all else is as it says." };
    private readonly Option<int?> shard = new("--shard") { Description = "Which worker this is, from 0; by default what Slurm, Kubernetes, Grid Engine or MPI says, or the only one." };
    private readonly Option<int> decoders = new("--decoders") { Description = "Threads that decode images.", DefaultValueFactory = _ => Environment.ProcessorCount };

    public void AddTo(Command command)
    {
        command.Add(plan);
        command.Add(shard);
        command.Add(decoders);
    }

    public int Decoders(ParseResult parsed) => PlanOptions.AtLeastOne(parsed.GetValue(decoders), "--decoders");

    /// <summary>The plan's folder, or null.</summary>
    public string? Folder(ParseResult parsed) => parsed.GetValue(plan);

    /// <summary>Works on a plan.</summary>
    public async Task<int> RunAsync(ParseResult parsed, PlanFolder folder, ModelOptions model, CancellationToken cancellationToken)
    {
        WorkerIndex worker = WorkerIndex.Find(parsed.GetValue(shard), folder.Plan.Workers, Environment.GetEnvironmentVariable);
        var choice = new ModelChoice(folder.Plan.Model, folder.Plan.Precision);
        string? path = await choice.LocateAsync(cancellationToken).ConfigureAwait(false);
        torch.Device device = model.ReadDevice(parsed);
        Worker.Run(folder, worker, opened => Open(opened, choice, path, device, Decoders(parsed)), cancellationToken);
        int left = folder.Plan.Shards.Count(planned => folder.Find(planned) is null);
        Console.WriteLine(left == 0 ? $"All {folder.Plan.Shards.Count} shards are done." : $"{left} of {folder.Plan.Shards.Count} shards are left to other workers.");
        return 0;
    }

    /// <exception cref="InvalidDataException">The model is not the plan's.</exception>
    private static IShardWork Open(PlanFolder folder, ModelChoice choice, string? path, torch.Device device, int decoders)
    {
        Plan plan = folder.Plan;
        string hash = ModelChoice.Hash(path, plan.Task == PlanTask.Generate ? "generator" : "tokenizer");
        if (hash != plan.ModelSha256)
            throw new InvalidDataException($"The model {plan.Model} is not the plan's: SHA-256 {hash}, not {plan.ModelSha256}. Put that model there, or plan anew in another folder.");
        return plan.Task switch
        {
            PlanTask.Encode => new EncodingWork(plan, choice.LoadTokenizer(path, device), decoders, folder.Open),
            PlanTask.Generate => new GenerationWork(plan, choice.LoadGenerator(path, device)),
            _ => new DecodingWork(plan, choice.LoadTokenizer(path, device)),
        };
    }
}
