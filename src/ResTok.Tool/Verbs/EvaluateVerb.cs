using System.CommandLine;
using System.Globalization;
using ResTok.Models;
using ResTok.Models.Checkpoints;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Evaluation;
using ResTok.Tool.Inputs;
using ResTok.Tool.Models;
using ResTok.Tool.Work;

namespace ResTok.Tool.Verbs;

/// <summary><c>restok evaluate</c>: what a tokenizer, and a generator, are worth on a data set.</summary>
internal static class EvaluateVerb
{
    public static Command Create()
    {
        var inputs = new Argument<string[]>("inputs") { Description = ImageSources.Names + " Or an npz file of the official evaluators.", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string>("--output", "-o") { Description = "The folder for evaluation.json, evaluation.html and evaluation.md.", Required = true };
        var generator = new Option<string?>("--generator", "-g") { Description = "Generate an image for each image, of its class, and compare the two sets: a folder, an id on the hub, or 'demo'." };
        var generated = new Option<string?>("--generated") { Description = "Compare these images: a folder, a tar shard, an npz file, or a token table (.parquet)." };
        var reference = new Option<string?>("--reference") { Description = "Compare generated images with this npz file (arr_0, mu, sigma, mu_s, sigma_s) in place of the images." };
        var tokens = new Option<string?>("--tokens") { Description = "Numbers of tokens to rebuild from, as 1,16,128; by default each level's end." };
        var search = new Option<int>("--search-steps") { Description = "Search for better tokens than the encoder's in so many steps, as ResTokEncode's SearchSteps; 0 for none." };
        var limit = new Option<long>("--limit") { Description = "Take the first so many images only.", DefaultValueFactory = _ => long.MaxValue };
        var batch = new Option<int>("--batch") { Description = "Images a batch.", DefaultValueFactory = _ => 8 };
        var worker = new Option<string?>("--worker") { Description = "Take a share of the images, as 0/4 to 3/4, and write a part. A part that is there is not computed again." };
        var merge = new Option<int?>("--merge") { Description = "Merge the parts of so many workers; the rest of the command as theirs." };
        (ModelOptions model, WeightOptions weights, SamplingArguments sampling) = (new(), new(), new());
        var command = new Command("evaluate", "Measures reconstructions over the number of tokens, and generated images: JSON, tables for a model card, and one HTML page.")
            { inputs, output, generator, generated, reference, tokens, search, limit, batch, worker, merge };
        model.AddTo(command);
        weights.AddTo(command);
        sampling.AddTo(command, withGuidance: true);
        return command.Runs(async (parsed, stop) =>
        {
            ModelChoice choice = model.Read(parsed);
            string? path = await choice.LocateAsync(stop).ConfigureAwait(false);
            ModelChoice? drawing = parsed.GetValue(generator) is { } name ? new(name, choice.Precision) : null;
            string? drawingPath = drawing is null ? null : await drawing.LocateAsync(stop).ConfigureAwait(false);
            if (drawing is not null && parsed.GetValue(generated) is not null)
                throw new ArgumentException("Give --generator or --generated, not both.");
            var settings = new EvaluationSettings
            {
                Inputs = parsed.GetValue(inputs)!,
                Model = choice.Name,
                Generator = drawing?.Name,
                Sampling = sampling.Read(parsed),
                Generated = parsed.GetValue(generated),
                Reference = parsed.GetValue(reference),
                TokenCounts = parsed.GetValue(tokens) is { } list ? [.. list.Split(',').Select(text => Number(text, "--tokens"))] : null,
                SearchSteps = parsed.GetValue(search),
                Limit = AtLeastOne(parsed.GetValue(limit), "--limit"),
                BatchSize = (int)AtLeastOne(parsed.GetValue(batch), "--batch"),
                Worker = parsed.GetValue(merge) is { } workers ? (0, (int)AtLeastOne(workers, "--merge")) : WorkerOf(parsed.GetValue(worker)),
                Weights = weights.Read(parsed),
            };
            string folder = Path.GetFullPath(parsed.GetValue(output)!);
            bool merges = parsed.GetValue(merge) is not null, isPart = !merges && parsed.GetValue(worker) is not null;
            if (isPart && EvaluationRun.HasPart(folder, settings.Worker.Index, settings.Worker.Count))
            {
                Console.WriteLine("The part is there already.");
                return 0;
            }
            Directory.CreateDirectory(folder);
            using ImageTokenizer tokenizer = choice.LoadTokenizer(path, model.ReadDevice(parsed));
            using ImageGenerator? generates = drawing?.LoadGenerator(drawingPath, tokenizer.Device);
            var meter = new RunMeter();
            using var run = new EvaluationRun(settings, tokenizer, generates, meter);
            if (merges)
            {
                run.AddParts(folder, settings.Worker.Count);
            }
            else
            {
                ProgressDisplay.Run("evaluate", 0, meter, () => run.Run(stop));
                Console.Error.WriteLine(meter.Describe());
            }
            if (isPart)
            {
                run.SavePart(folder);
                return 0;
            }
            EvaluationResult result = run.Result();
            result.Write(Path.Combine(folder, "evaluation.json"));
            AtomicFile.Write(Path.Combine(folder, "evaluation.md"), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(result.Markdown())));
            string page = EvaluationPage.Of(result, run.Gallery, run.Neighbours());
            AtomicFile.Write(Path.Combine(folder, "evaluation.html"), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(page)));
            Console.WriteLine(result.Markdown());
            return 0;
        });
    }

    public static long AtLeastOne(long value, string option) => value >= 1 ? value : throw new ArgumentException($"{option} is {value}, but must be at least 1.");

    private static int Number(string text, string option) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : throw new ArgumentException($"'{text}' of {option} is no whole number.");

    private static (int Index, int Count) WorkerOf(string? text)
    {
        if (text is null)
            return (0, 1);
        string[] parts = text.Split('/');
        if (parts.Length != 2 || !int.TryParse(parts[0], out int index) || !int.TryParse(parts[1], out int count) || index < 0 || index >= count)
            throw new ArgumentException($"--worker is '{text}', but must be as 0/4, the worker's number from 0 and how many there are.");
        return (index, count);
    }
}
