using System.CommandLine;
using System.Globalization;
using ResTok.Models;
using ResTok.Models.Checkpoints;
using ResTok.Models.Evaluation;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Evaluation;
using ResTok.Tool.Models;
using ResTok.Tool.Work;
using TorchSharp;

namespace ResTok.Tool.Verbs;

/// <summary><c>restok search-guidance</c>: the guidance that brings generated images closest to real ones.</summary>
internal static class SearchGuidanceVerb
{
    public static Command Create()
    {
        var inputs = new Argument<string[]>("reference") { Description = "Real images, as of evaluate; or an npz file of the official evaluators.", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string>("--output", "-o") { Description = "The folder for search.json and search.html. A search that is there goes on.", Required = true };
        var generator = new Option<string>("--generator", "-g") { Description = "A folder, an id on the hub, or 'demo'.", DefaultValueFactory = _ => ModelChoice.Demo };
        var schedules = new Option<string>("--schedules") { Description = "Schedules to search, in order.", DefaultValueFactory = _ => "step" };
        var samples = new Option<int>("--samples") { Description = "Images to generate for each setting, class by class.", DefaultValueFactory = _ => 1000 };
        var start = new Option<double>("--start") { Description = "The scale to begin with.", DefaultValueFactory = _ => 1.75 };
        var steps = new Option<string>("--steps") { Description = "Steps of the scale, coarse to fine; the reference's are 0.25 alone.", DefaultValueFactory = _ => "1,0.25" };
        var windows = new Option<double>("--window-step") { Description = "Between starts and ends of the rectangular schedule's windows; the reference's is 0.05.", DefaultValueFactory = _ => 0.2 };
        var limit = new Option<long>("--limit") { Description = "Take the first so many real images only.", DefaultValueFactory = _ => long.MaxValue };
        var batch = new Option<int>("--batch") { Description = "Images a batch.", DefaultValueFactory = _ => 8 };
        (ModelOptions model, WeightOptions weights, SamplingArguments sampling) = (new(), new(), new());
        var command = new Command("search-guidance", "Searches the guidance scale, schedule by schedule, by the Fréchet distance to real images.") { inputs, output, generator, schedules, samples, start, steps, windows, limit, batch };
        model.AddTo(command);
        weights.AddTo(command);
        sampling.AddTo(command, withGuidance: false);
        return command.Runs(async (parsed, stop) =>
        {
            ModelChoice choice = model.Read(parsed), drawing = new(parsed.GetValue(generator)!, choice.Precision);
            string? path = await choice.LocateAsync(stop).ConfigureAwait(false), drawingPath = await drawing.LocateAsync(stop).ConfigureAwait(false);
            EvaluationWeights files = weights.Read(parsed);
            SamplingOptions options = sampling.Read(parsed);
            string[] references = parsed.GetValue(inputs)!;
            int count = (int)EvaluateVerb.AtLeastOne(parsed.GetValue(samples), "--samples"), batchSize = (int)EvaluateVerb.AtLeastOne(parsed.GetValue(batch), "--batch");
            GuidanceSchedule[] wanted = [.. parsed.GetValue(schedules)!.Split(',').Select(SamplingOptions.ParseSchedule)];
            double[] scaleSteps = [.. parsed.GetValue(steps)!.Split(',').Select(text => Positive(text, "--steps"))];
            string folder = Path.GetFullPath(parsed.GetValue(output)!), file = Path.Combine(folder, "search.json");
            Directory.CreateDirectory(folder);
            GuidanceTrials trials = GuidanceTrials.Open(file, new()
            {
                ["tokenizer"] = ModelChoice.Hash(path, "tokenizer"),
                ["generator"] = ModelChoice.Hash(drawingPath, "generator"),
                ["reference"] = string.Join(", ", references) + (parsed.GetValue(limit) == long.MaxValue ? "" : $" (first {parsed.GetValue(limit)})"),
                ["samples"] = count.ToString(CultureInfo.InvariantCulture),
                ["distance"] = files.Inception is null ? "ResNet-18 Fréchet distance" : "FID",
                ["sampling"] = FormattableString.Invariant($"temperature {options.Temperature}, top-k {options.TopK}, top-p {options.TopP}, seed {options.Seed}"),
            });

            using ImageTokenizer tokenizer = choice.LoadTokenizer(path, model.ReadDevice(parsed));
            using ImageGenerator generates = drawing.LoadGenerator(drawingPath, tokenizer.Device);
            var meter = new RunMeter();
            using ImageSetStatistics real = Reference(references, tokenizer, files, parsed.GetValue(limit), batchSize, meter, stop);
            int[] classes = [.. Enumerable.Range(0, count).Select(i => i % generates.Config.Classes)];
            var run = new GuidanceSearchRun(trials, generates, tokenizer, real, files, classes, options, batchSize, meter);
            ProgressDisplay.Run("search", 0, meter, () =>
            {
                foreach (GuidanceSchedule schedule in wanted)
                    run.Search(schedule, parsed.GetValue(start), scaleSteps, Positive(parsed.GetValue(windows).ToString(CultureInfo.InvariantCulture), "--window-step"), Save, stop);
            });
            Write();
            if (trials.Best() is { } best)
                Console.WriteLine(FormattableString.Invariant($"best: --cfg-schedule {SamplingOptions.NameOf(best.Schedule)} --cfg-scale {best.Scale} --window-start {best.WindowStart} (to {best.WindowEnd}): {trials.Setup["distance"]} {best.Distance:g5}, after {trials.Trials.Count} settings"));
            return 0;

            void Save(GuidanceTrial trial)
            {
                Write();
                Console.Error.WriteLine(FormattableString.Invariant($"{SamplingOptions.NameOf(trial.Schedule)} {trial.WindowStart:g3}-{trial.WindowEnd:g3} scale {trial.Scale}: {trial.Distance:g5}"));
            }

            void Write()
            {
                trials.Write(file);
                string page = GuidanceSearchRun.Page(trials);
                AtomicFile.Write(Path.Combine(folder, "search.html"), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(page)));
            }
        });
    }

    private static ImageSetStatistics Reference(string[] inputs, ImageTokenizer tokenizer, EvaluationWeights weights, long limit, int batchSize, RunMeter meter, CancellationToken stop)
    {
        if (inputs is [var path] && ImageBatch.IsNpz(path))
            return ImageSetStatistics.FromNpz(path, weights, tokenizer.Device, stop);
        var set = new ImageSetStatistics(weights, tokenizer.Device);
        try
        {
            foreach (ImageBatch images in ImageBatch.Read(inputs, tokenizer.Config.CropSize, batchSize, limit, _ => true, meter))
            {
                using (images)
                using (torch.NewDisposeScope())
                {
                    stop.ThrowIfCancellationRequested();
                    set.Add((images.Pixels * 255).round().to(torch.ScalarType.Byte));
                }
            }
            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    private static double Positive(string text, string option) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value > 0 && double.IsFinite(value) ? value : throw new ArgumentException($"'{text}' of {option} is no number above 0.");
}
