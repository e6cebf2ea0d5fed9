using System.CommandLine;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Plans;

namespace ResTok.Tool.Verbs;

/// <summary><c>restok verify</c>: whether the shards are what their manifests say. Exits with 1 where one is not.</summary>
internal static class VerifyVerb
{
    public static Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "A plan's folder." };
        var repair = new Option<bool>("--repair") { Description = "Removes the manifests of shards that are damaged, so that workers make them again." };
        return new Command("verify", "Compares every shard with the SHA-256 in its manifest.") { folder, repair }.Runs((parsed, stop) =>
        {
            PlanFolder plan = PlanFolder.Open(parsed.GetValue(folder)!);
            int whole = 0, damaged = 0;
            foreach (PlanShard shard in plan.Plan.Shards)
            {
                stop.ThrowIfCancellationRequested();
                if (plan.Find(shard) is not { } manifest)
                    continue;
                string path = plan.PathOf(shard);
                string? fault = !File.Exists(path) ? "is missing" : Worker.HashOf(path) != manifest.Sha256 ? "is not what its manifest says: SHA-256 differs" : null;
                if (fault is null)
                {
                    whole++;
                    continue;
                }
                damaged++;
                Console.Error.WriteLine($"restok: '{path}' {fault}.");
                if (parsed.GetValue(repair))
                    File.Delete(plan.ManifestOf(shard));
            }
            Console.WriteLine($"{whole} whole, {damaged} damaged, {plan.Plan.Shards.Count - whole - damaged} not done.");
            return Task.FromResult(damaged > 0 ? Verb.Failed : 0);
        });
    }
}
