using System.Diagnostics;
using ResTok.Benchmarks.Measuring;
using ResTok.Models;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Commands;

/// <summary>Generating one picture with guidance, whole and pass by pass, against reading the weights and the arithmetic.</summary>
internal sealed class GenerateCommand(BenchmarkSettings settings)
{
    private readonly MarkdownTable whole = new(
        $"{settings.Size}, one picture, {settings.Rounds} rounds", "precision", "s", "±", "weights GB", "read GB/s", "s to read in all passes", "GFLOP", "s of arithmetic", "s ÷ (reading + arithmetic)");

    private readonly MarkdownTable passes = new("ms of pass", "precision", "tokens", "ms", "ms to read the weights");

    public void Run()
    {
        foreach (Precision precision in settings.Precisions)
            Measure(precision);
        whole.Print();
        passes.Print();
    }

    private void Measure(Precision precision)
    {
        using ImageGenerator generator = Subjects.Generator(settings.Size, precision);
        var reader = new WeightReader(generator);
        var bare = new BareOperations(Subjects.DataType(precision));
        Samples reading = new(), generating = new();
        var ceiling = new ReadingCeiling(new(generator.Config, 2), generator.Config, bare, reading);
        var ofPass = new SortedDictionary<int, (int Tokens, Samples Times)>();
        Generate(); // to warm up
        ofPass.Clear();
        for (int round = 0; round < settings.Rounds; round++)
        {
            bare.RunRound();
            reading.Time(reader.ReadOnce);
            generating.Time(Generate);
        }
        whole.Add("generate", $"{precision}", $"{generating.Median:0.000}", $"{generating.Spread:0 %}", $"{reader.Bytes / 1e9:0.00}", $"{reader.Bytes / reading.Median / 1e9:0.0}",
            $"{ceiling.ReadingSeconds:0.000}", $"{ceiling.Flops / 1e9:0}", $"{ceiling.ArithmeticSeconds:0.000}", $"{generating.Median / ceiling.Seconds:0.00}");
        foreach ((int pass, (int tokens, Samples times)) in ofPass)
            passes.Add($"{pass}", $"{precision}", $"{tokens}", $"{times.Median * 1e3:0.0}", $"{reading.Median * 1e3:0.0}");

        void Generate()
        {
            long start = Stopwatch.GetTimestamp();
            int before = 0;
            using Tensor tokens = generator.Generate(new([207]), Subjects.Sampling, step =>
            {
                if (!ofPass.TryGetValue(step.Pass, out (int Tokens, Samples Times) pass))
                    ofPass[step.Pass] = pass = (step.TokenCount - before, new());
                pass.Times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
                before = step.TokenCount;
                start = Stopwatch.GetTimestamp();
            });
        }
    }
}
