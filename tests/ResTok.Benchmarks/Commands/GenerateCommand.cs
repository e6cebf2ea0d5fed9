using System.Diagnostics;
using ResTok.Benchmarks.Measuring;
using ResTok.Models;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Commands;

/// <summary>Generating one image with guidance, whole and pass by pass, against reading the weights and the arithmetic.</summary>
internal sealed class GenerateCommand(BenchmarkSettings settings)
{
    private readonly MarkdownTable whole = new(
        $"{settings.Size}, one image, rounds: {settings.Rounds}", "precision", "s", "±", "weights GB", "read GB/s", "s to read in all passes", "GFLOP", "s of arithmetic", "s ÷ (reading + arithmetic)");

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
        var ofPass = new SortedDictionary<int, (int Tokens, Samples Times)>();
        var ceiling = new ReadingCeiling(new(generator.Config, 2), generator.Config, new(Subjects.DataType(precision)), new(generator));
        var subject = new Subject("generate", 1, precision, Generate, ceiling);
        for (int i = 0; i < Subjects.GenerationsToWarmUp; i++)
            Generate();
        ofPass.Clear();
        for (int round = 0; round < settings.Rounds; round++)
            subject.RunRound();
        whole.Add("generate", $"{precision}", $"{subject.Times.Median:0.000}", $"{subject.Times.Spread:0 %}", $"{ceiling.BytesPerPass / 1e9:0.00}", $"{ceiling.BytesPerPass / ceiling.ReadSeconds / 1e9:0.0}",
            $"{ceiling.AllReadSeconds:0.000}", $"{subject.GigaflopPerImage:0}", $"{ceiling.ArithmeticSeconds:0.000}", $"{1 / subject.OfCeiling:0.00}");
        foreach ((int pass, (int tokens, Samples times)) in ofPass)
            passes.Add($"{pass}", $"{precision}", $"{tokens}", $"{times.Median * 1e3:0.0}", $"{ceiling.ReadSeconds * 1e3:0.0}");

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
