using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet;
using ResTok.Models;
using ResTok.Models.Runtime;
using ResTok.Models.Training;
using TorchSharp;

namespace ResTok.FaultTests.Running;

/// <summary>Calls each operation many times: tensors and memory stay what they were after a warm-up.</summary>
internal static class MemoryPart
{
    private const int WarmUp = 30;
    private const int Calls = 2000;
    private const long MostGrowth = 64L << 20;

    public static PartFigures Run(PartSettings settings)
    {
        TorchRuntime.EnsureLoaded();
        torch.set_num_threads(1);
        var figures = new PartFigures();
        string folder = Directory.CreateTempSubdirectory("restok-faults-").FullName;
        var ml = new MLContext(1);
        using ImageTokenizer tokenizer = TinyModels.CreateTokenizer();
        using ImageGenerator generator = TinyModels.CreateGenerator();
        using ResTokTokenizer sharedTokenizer = ResTokTokenizer.FromModel(TinyModels.CreateTokenizer());
        using ResTokGenerator sharedGenerator = ResTokGenerator.FromModel(TinyModels.CreateGenerator());
        using torch.Tensor images = torch.rand(1, 3, 32, 32), tokens = torch.zeros([1, 16], torch.ScalarType.Int64);
        (string Name, Action Call)[] operations =
        [
            ("encode", () => tokenizer.Encode(images).Dispose()),
            ("decode", () => tokenizer.Decode(tokens).Dispose()),
            ("generate", () => generator.Generate(new([1]), SamplingOptions.Official).Dispose()),
            ("pipeline", () => Pipeline(ml, sharedGenerator, sharedTokenizer)),
            ("save, load", () =>
            {
                generator.Save(folder);
                ImageGenerator.Load(folder).Dispose();
            }),
            ("save, load zip", () => SaveLoad(ml, sharedGenerator, Path.Combine(folder, "pipeline.zip"))),
        ];
        Console.WriteLine($"   {"operation",-16} {"calls",6} {"tensors",9} {"after",9} {"RSS MB",7} {"half",7} {"after",7} {"managed MB",10} {"after",7}");
        double share = settings.Seconds / (operations.Length + 1);
        foreach ((string name, Action call) in operations)
            Measure(name, settings with { Seconds = share }, figures, call);
        Train(settings with { Seconds = share }, figures);
        Directory.Delete(folder, recursive: true);
        return figures;
    }

    private static void Measure(string name, PartSettings settings, PartFigures figures, Action call)
    {
        for (int i = 0; i < WarmUp; i++)
            call();
        State before = State.Now();
        long start = Stopwatch.GetTimestamp();
        int calls = 0;
        State? half = null; // a leak grows in the second half as in the first; buffers that settle do not
        for (; !settings.IsOver(calls, Calls, Stopwatch.GetElapsedTime(start)); calls++)
        {
            if (half is null && (settings with { Seconds = settings.Seconds / 2 }).IsOver(calls, Calls / 2, Stopwatch.GetElapsedTime(start)))
                half = State.Now();
            call();
        }
        Report(name, calls, before, half ?? before, State.Now(), figures, countsTensors: !name.StartsWith("save", StringComparison.Ordinal));
    }

    private static void Train(PartSettings settings, PartFigures figures)
    {
        using ImageTokenizer trained = ImageTokenizer.Create(TinyModels.Tokenizer);
        State? before = null;
        State half = default, last = default;
        long steps = 0, start = 0;
        using var cancellation = new CancellationTokenSource();
        var options = new TokenizerTrainingOptions
        {
            Steps = WarmUp + Calls,
            BatchSize = 1,
            LogEvery = 1,
            Progress = new Reports(progress =>
            {
                if (progress.Step == WarmUp)
                    (before, start) = (State.Now(), Stopwatch.GetTimestamp());
                if (progress.Step <= WarmUp)
                    return;
                steps = progress.Step - WarmUp;
                if (half == default && (settings with { Seconds = settings.Seconds / 2 }).IsOver(steps, Calls / 2, Stopwatch.GetElapsedTime(start)))
                    half = State.Now();
                if (!settings.IsOver(steps, Calls, Stopwatch.GetElapsedTime(start)))
                    return;
                last = State.Now();
                cancellation.Cancel();
            }),
        };
        try
        {
            Trainer.Train(trained, new SameSample<byte[]>(new byte[3 * 32 * 32]), options, cancellationToken: cancellation.Token);
        }
        catch (OperationCanceledException)
        {
        }
        Report("training step", (int)steps, before!.Value, half, last, figures, countsTensors: true);
    }

    private static void Report(string name, int calls, State before, State half, State after, PartFigures figures, bool countsTensors)
    {
        figures.Tried += calls;
        figures.Succeeded += calls;
        figures.PeakGrowth = Math.Max(figures.PeakGrowth, after.Resident - before.Resident);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"   {name,-16} {calls,6} {before.Tensors,9} {after.Tensors,9} {before.Resident >> 20,7} {half.Resident >> 20,7} {after.Resident >> 20,7} {before.Managed / 1e6,10:0.0} {after.Managed / 1e6,7:0.0}"));
        if (after.Resident - before.Resident > MostGrowth)
            figures.Findings.Add($"{calls} × {name} took {(after.Resident - before.Resident) >> 20} MB");
        // TorchSharp counts a parameter's tensor twice and frees it once, so what makes models says nothing.
        if (countsTensors && after.Tensors > before.Tensors)
            figures.Findings.Add($"{calls} × {name} left {after.Tensors - before.Tensors} tensors");
    }

    private static void Pipeline(MLContext ml, ResTokGenerator generator, ResTokTokenizer tokenizer)
    {
        IDataView data = ml.Data.LoadFromEnumerable([new Labelled()]);
        using var model = ml.Transforms.ResTokGenerate("Tokens", "Label", generator)
            .Append(ml.Transforms.ResTokDecode("Image", "Tokens", tokenizer))
            .Append(ml.Transforms.ResTokEncode("Again", "Image", tokenizer))
            .Fit(data);
        IDataView view = model.Transform(data);
        foreach (MLImage image in view.GetColumn<MLImage>("Image"))
            image.Dispose();
        _ = view.GetColumn<int[]>("Again").Last();
    }

    private static void SaveLoad(MLContext ml, ResTokGenerator generator, string zip)
    {
        IDataView data = ml.Data.LoadFromEnumerable([new Labelled()]);
        using ResTokGenerationTransformer model = ml.Transforms.ResTokGenerate("Tokens", "Label", generator).Fit(data);
        ml.Model.Save(model, data.Schema, zip);
        (ml.Model.Load(zip, out _) as IDisposable)?.Dispose();
    }

    private readonly record struct State(long Tensors, long Resident, long Managed)
    {
        public static State Now()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            return new(torch.Tensor.TotalCount, Environment.WorkingSet, GC.GetGCMemoryInfo().HeapSizeBytes);
        }
    }

    private sealed class Labelled
    {
        public int Label { get; set; }
    }

    private sealed class Reports(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
