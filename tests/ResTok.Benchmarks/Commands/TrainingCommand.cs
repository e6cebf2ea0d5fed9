using ResTok.Benchmarks.Measuring;
using ResTok.MLNet;
using ResTok.Models;
using ResTok.Models.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Commands;

/// <summary>A step of the demo tokenizer's training, forward and backward, with freed memory kept as training keeps it and without, in turns.</summary>
internal sealed class TrainingCommand(BenchmarkSettings settings, int batch)
{
    private readonly MarkdownTable table = new($"demo tokenizer, {batch} images a step, rounds: {settings.Rounds}", "s/step", "±", "images/s", "s/step, memory given back", "times as fast, median");

    public void Run()
    {
        foreach (Precision precision in settings.Precisions)
            Measure(precision);
        table.Print();
        Console.WriteLine("The mean square error of images alone, without the optimiser's step. Blocks of 64 MB and more are kept only on the thread that the process began with.");
    }

    private void Measure(Precision precision)
    {
        TokenizerConfig config;
        using (ResTokTokenizer demo = DemoTokenizer.Demo())
            config = demo.Config;
        using ImageTokenizer tokenizer = ImageTokenizer.Create(config, precision: precision);
        foreach (TorchSharp.Modules.Parameter parameter in tokenizer.StateDict.Values)
            parameter.requires_grad = true;
        using Tensor images = Subjects.Images(batch, config);
        int[] counts = [.. Enumerable.Range(0, batch).Select(i => 1 + i % config.LatentTokens)];
        Samples kept = new(), returned = new();
        Step();
        for (int round = 0; round < settings.Rounds; round++)
        {
            Step();
            returned.Time(Step);
            using FreedMemory.Kept memory = FreedMemory.Keep();
            Step();
            kept.Time(Step);
        }
        table.Add($"{precision}", $"{kept.Median:0.000}", $"{kept.Spread:0 %}", $"{batch / kept.Median:0.0}", $"{returned.Median:0.000}", $"{returned.Over(kept):0.00}");

        void Step()
        {
            using var scope = NewDisposeScope();
            Tensor rebuilt = tokenizer.Reconstruct(images, counts).Images;
            (rebuilt - images).square().mean().backward();
            foreach (TorchSharp.Modules.Parameter parameter in tokenizer.StateDict.Values)
            {
                using Tensor? gradient = parameter.grad;
                parameter.grad = null;
            }
        }
    }
}
