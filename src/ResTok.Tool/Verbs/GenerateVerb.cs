using System.CommandLine;
using ResTok.Models.Checkpoints;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Plans;
using ResTok.Tool.Work;

namespace ResTok.Tool.Verbs;

/// <summary><c>restok generate</c>: classes to tokens, which <c>restok decode</c> makes images of.</summary>
internal static class GenerateVerb
{
    public static Command Create()
    {
        var options = new GenerationOptions();
        return PlannedVerb.Create(
            "generate", "Generates images of classes as tokens. Sampling is the paper's unless said otherwise.",
            "A token table (drawn.parquet), or a folder for a plan and its shards.", "-o drawn.parquet, or a folder", options.Model, options.AddTo,
            async call =>
            {
                Plan plan = await options.PlanAsync(call.Parsed, call.Stop).ConfigureAwait(false);
                if (!call.IsTable)
                    return await call.WorkAsync(plan, []).ConfigureAwait(false);
                return await call.RunAsync<GenerationWork>(
                    plan, (work, meter) => AtomicFile.Write(call.Target, stream => work.Run(new("", null, 0, plan.Rows), stream, meter, call.Stop))).ConfigureAwait(false);
            });
    }
}
