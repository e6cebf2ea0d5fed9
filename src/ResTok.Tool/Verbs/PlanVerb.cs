using System.CommandLine;
using ResTok.Models.Checkpoints;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Inputs;
using ResTok.Tool.Plans;

namespace ResTok.Tool.Verbs;

/// <summary><c>restok plan</c>: divides work into shards for any number of workers, and writes their job scripts.</summary>
internal static class PlanVerb
{
    public static Command Create() => new("plan", "Divides work into shards for workers: restok plan encode shards/*.tar -o tokens --slurm")
    {
        OfImages("encode", "Plans one row an image.", isExtraction: false),
        OfImages("extract", "Plans the reference's code extraction.", isExtraction: true),
        OfGeneration(),
        OfDecoding(),
    };

    private static Command OfImages(string verb, string description, bool isExtraction)
    {
        var job = new ImageJobOptions(isExtraction);
        return Create(verb, description, job.AddTo, async (parsed, stop) =>
        {
            ImageJob asked = await job.PlanAsync(parsed, stop).ConfigureAwait(false);
            return (asked.Plan, asked.Files);
        });
    }

    private static Command OfGeneration()
    {
        var options = new GenerationOptions();
        return Create("generate", "Plans generated tokens.", options.AddTo, async (parsed, stop) => (await options.PlanAsync(parsed, stop).ConfigureAwait(false), []));
    }

    private static Command OfDecoding()
    {
        var options = new DecodingOptions();
        return Create("decode", "Plans images of a token table, as npz shards.", options.AddTo, async (parsed, stop) => ((await options.PlanAsync(parsed, stop).ConfigureAwait(false)).Plan, []));
    }

    private static Command Create(
        string verb, string description, Action<Command> addOptions, Func<ParseResult, CancellationToken, Task<(Plan Plan, IReadOnlyList<ImageFiles.Entry> Files)>> make)
    {
        var output = new Option<string>("--output", "-o") { Description = "The folder for the plan and its shards, which all workers see.", Required = true };
        var slurm = new Option<bool>("--slurm") { Description = $"Writes {JobScripts.SlurmFile} and {JobScripts.SubmitFile} into it." };
        var kubernetes = new Option<bool>("--kubernetes") { Description = $"Writes {JobScripts.KubernetesFile} into it." };
        var image = new Option<string>("--image") { Description = "With --kubernetes, the container image.", DefaultValueFactory = _ => "restok:latest" };
        var claim = new Option<string>("--claim") { Description = "With --kubernetes, the volume claim with plan and data.", DefaultValueFactory = _ => "restok-data" };
        var command = new Command(verb, description) { output, slurm, kubernetes, image, claim };
        addOptions(command);
        return command.Runs(async (parsed, stop) =>
        {
            (Plan plan, IReadOnlyList<ImageFiles.Entry> files) = await make(parsed, stop).ConfigureAwait(false);
            PlanFolder folder = PlanFolder.Create(parsed.GetValue(output)!, plan, files);
            var scripts = new JobScripts(folder, verb);
            if (parsed.GetValue(slurm))
            {
                Write(folder, JobScripts.SlurmFile, scripts.Slurm(), isProgram: true);
                Write(folder, JobScripts.SubmitFile, scripts.Submit(), isProgram: true);
            }
            if (parsed.GetValue(kubernetes))
                Write(folder, JobScripts.KubernetesFile, scripts.Kubernetes(parsed.GetValue(image)!, parsed.GetValue(claim)!), isProgram: false);
            Console.WriteLine($"{plan.Shards.Count} shards, {plan.Rows} rows, {plan.Workers} workers: {Path.Combine(folder.Root, PlanFolder.PlanFile)}");
            Console.WriteLine($"Each worker: restok {verb} --plan {folder.Root}");
            return 0;
        });
    }

    private static void Write(PlanFolder folder, string name, string text, bool isProgram)
    {
        string path = Path.Combine(folder.Root, name);
        AtomicFile.Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
        if (isProgram && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.UserExecute);
    }
}
