using System.CommandLine;
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

    /// <summary>The plan's folder, or null.</summary>
    public string? Folder(ParseResult parsed) => parsed.GetValue(plan);

    /// <summary>Works on a plan.</summary>
    /// <exception cref="InvalidDataException">The model is not the plan's.</exception>
    public async Task<int> RunAsync(ParseResult parsed, PlanFolder folder, ModelOptions model, CancellationToken cancellationToken)
    {
        Plan plan = folder.Plan;
        WorkerIndex worker = WorkerIndex.Find(parsed.GetValue(shard), plan.Workers, Environment.GetEnvironmentVariable);
        Func<IShardWork> open = await PrepareAsync(parsed, plan, folder, model, cancellationToken).ConfigureAwait(false);
        Worker.Run(folder, worker, open, cancellationToken);
        int left = plan.Shards.Count(planned => folder.Find(planned) is null);
        Console.WriteLine(left == 0 ? $"All {plan.Shards.Count} shards are done." : $"{left} of {plan.Shards.Count} shards are left to other workers.");
        return 0;
    }

    /// <summary>Opens what makes a plan that is in no folder, for whoever hands it the inputs.</summary>
    public async Task<IShardWork> OpenAsync(ParseResult parsed, Plan plan, ModelOptions model, CancellationToken cancellationToken) =>
        (await PrepareAsync(parsed, plan, null, model, cancellationToken).ConfigureAwait(false))();

    private async Task<Func<IShardWork>> PrepareAsync(ParseResult parsed, Plan plan, PlanFolder? folder, ModelOptions model, CancellationToken cancellationToken)
    {
        var choice = new ModelChoice(plan.Model, plan.Precision);
        string? path = await choice.LocateAsync(cancellationToken).ConfigureAwait(false);
        torch.Device device = model.ReadDevice(parsed);
        int decoders = PlanOptions.AtLeastOne(parsed.GetValue(this.decoders), "--decoders");
        return () =>
        {
            if (folder is not null && ModelChoice.Hash(path, plan.Task == PlanTask.Generate ? "generator" : "tokenizer") is var hash && hash != plan.ModelSha256)
                throw new InvalidDataException($"The model {plan.Model} is not the plan's: SHA-256 {hash}, not {plan.ModelSha256}. Put that model there, or plan anew in another folder.");
            return plan.Task switch
            {
                PlanTask.Encode => new EncodingWork(plan, choice.LoadTokenizer(path, device), decoders, shard => folder!.Open(shard)),
                PlanTask.Generate => new GenerationWork(plan, choice.LoadGenerator(path, device)),
                _ => new DecodingWork(plan, choice.LoadTokenizer(path, device)),
            };
        };
    }
}
