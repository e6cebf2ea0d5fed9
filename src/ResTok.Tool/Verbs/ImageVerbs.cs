using System.CommandLine;
using ResTok.Models.Checkpoints;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Inputs;
using ResTok.Tool.Models;
using ResTok.Tool.Plans;
using ResTok.Tool.Work;

namespace ResTok.Tool.Verbs;

/// <summary><c>restok encode</c> and <c>restok extract</c>: images to tokens.</summary>
internal static class ImageVerbs
{
    public static Command Encode() => Create("encode", "Encodes images into token tables: one row an image.", isExtraction: false);

    public static Command Extract() => Create("extract", "Extracts the codes that generators are trained on, as the reference does: one, two or ten views an image.", isExtraction: true);

    private static Command Create(string name, string description, bool isExtraction)
    {
        var output = new Option<string?>("--output", "-o") { Description = "A token table (tokens.parquet), or a folder for a plan and its shards." };
        var format = new Option<TokenFormat>("--format") { Description = "Parquet, or Npy: the reference's layout, a file for each image.", DefaultValueFactory = _ => TokenFormat.Parquet };
        var dataset = new Option<string>("--dataset") { Description = "With --format npy, what files are named by.", DefaultValueFactory = _ => "imagenet" };
        var job = new ImageJobOptions(isExtraction);
        var worker = new WorkerOptions();
        var command = new Command(name, description) { output, format, dataset };
        job.AddTo(command);
        worker.AddTo(command);
        return command.Runs(async (parsed, stop) =>
        {
            if (worker.Folder(parsed) is { } planned)
                return await worker.RunAsync(parsed, PlanFolder.Open(planned), job.Model, stop).ConfigureAwait(false);
            string target = parsed.GetValue(output) ?? throw new ArgumentException("Say where to write: -o tokens.parquet, or a folder.");
            ImageJob asked = await job.PlanAsync(parsed, stop).ConfigureAwait(false);
            bool isTable = target.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);
            if (parsed.GetValue(format) == TokenFormat.Parquet && !isTable)
                return await worker.RunAsync(parsed, PlanFolder.Create(target, asked.Plan, asked.Files), job.Model, stop).ConfigureAwait(false);

            var choice = new ModelChoice(asked.Plan.Model, asked.Plan.Precision);
            string? path = await choice.LocateAsync(stop).ConfigureAwait(false);
            using var work = new EncodingWork(asked.Plan, choice.LoadTokenizer(path, job.Model.ReadDevice(parsed)), worker.Decoders(parsed), _ => throw new InvalidOperationException());
            IEnumerable<InputImage> images = asked.Sources.SelectMany(source => source.Read());
            var meter = new RunMeter();
            IReadOnlyList<InvalidInput> invalid = [];
            ProgressDisplay.Run(name, asked.Plan.Rows, meter, () =>
            {
                if (parsed.GetValue(format) == TokenFormat.Npy)
                {
                    using var codes = new NpyCodes(target, parsed.GetValue(dataset)! + ModelChoice.TokenizerConfigOf(path).CropSize);
                    invalid = work.Encode(images, codes.Add, meter, stop);
                    codes.Complete();
                }
                else
                {
                    AtomicFile.Write(Path.GetFullPath(target), stream => invalid = work.Run(images, stream, meter, stop).Invalid);
                }
                return 0;
            });
            Console.WriteLine($"{target}: {meter.Describe()}");
            Worker.Report(invalid);
            return 0;
        });
    }
}

/// <summary>How tokens are written.</summary>
internal enum TokenFormat
{
    Parquet,
    Npy,
}
