using System.Globalization;
using System.Text;
using ResTok.Models.Training;

/// <summary>The page that says what the demo model is, how it was made and how good it is.</summary>
internal static class ModelCard
{
    /// <param name="metrics">What was measured.</param>
    /// <param name="tokenizer">How the tokenizer was trained on drawings.</param>
    /// <param name="scraps">How it was trained further, on drawings and scraps.</param>
    /// <param name="generator">How the generator was trained.</param>
    /// <param name="drawings">Drawings whose tokens the generator learned.</param>
    public static string Write(DemoMetrics metrics, TokenizerTrainingOptions tokenizer, TokenizerTrainingOptions scraps, GeneratorTrainingOptions generator, int drawings)
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.AppendLine(FormattableString.Invariant(line));
        ResTok.Models.TokenizerConfig config = DemoRecipe.Tokenizer;
        Line($"# The demo model");
        Line($"");
        Line($"A ResTok tokenizer ({config.CropSize}×{config.CropSize} pixels, {config.LatentTokens} tokens, codebook {config.CodebookSize}) and a HAR generator ({DemoRecipe.Generator.Layers} layers of {DemoRecipe.Generator.Width}, {DemoRecipe.Generator.Passes} passes) of {Drawings.Classes.Count} classes: {string.Join(", ", Drawings.Classes)}. It shows what the library does, offline; it is no substitute for the official models: it has seen drawings only, and of a photograph it keeps the colours and the large shapes. Written by `examples/TrainDemo`, which trained it:");
        Line($"");
        Line($"    dotnet run --project examples/TrainDemo -c Release -- --tokenizer-steps {tokenizer.Steps} --generator-steps {generator.Steps} --drawings {drawings}");
        Line($"");
        Line($"## Data");
        Line($"");
        Line($"Scenes that the program draws at random, by number: the tokenizer saw drawings 0 to {(long)tokenizer.Steps * tokenizer.BatchSize - 1}, and then {(long)scraps.Steps * scraps.BatchSize} pictures from {DemoRecipe.FirstWithScraps} on, of which every other one is a scrap (a scene turned and enlarged, shapes, bars, mosaics), each once; the generator learned the tokens of the first {drawings}. Those measured on begin at {DemoRecipe.FirstHeldOut}; the classifier that judges learned from {DemoRecipe.DrawingsForClassifier} beginning at {DemoRecipe.FirstForClassifier}.");
        Line($"");
        Line($"## Training");
        Line($"");
        Line($"| | steps | batch | peak learning rate | seed | hours of optimiser steps on 2 cores |");
        Line($"| --- | --- | --- | --- | --- | --- |");
        Line($"| tokenizer, drawings | {tokenizer.Steps} | {tokenizer.BatchSize} | {tokenizer.LearningRate} | {tokenizer.Seed} | {Hours(tokenizer):0.00} |");
        Line($"| tokenizer, with scraps | {scraps.Steps} | {scraps.BatchSize} | {scraps.LearningRate} | {scraps.Seed} | {Hours(scraps):0.00} |");
        Line($"| generator | {generator.Steps} | {generator.BatchSize} | {generator.LearningRate} | {generator.Seed} | {Hours(generator):0.00} |");
        Line($"");
        Line($"The tokenizer has the L2 and quantiser losses only. Its size (`mini`) and its keys `pixel_hidden_channels` and `pixel_norm_groups` are ours; the reference implementation does not know them. The metrics of all steps are in `training/`. Weights are stored in bfloat16, and all that follows is measured with them.");
        Line($"");
        Line($"## Measured on held-out drawings");
        Line($"");
        text.Append(Measured(metrics));
        return text.ToString();
    }

    /// <summary>The figures alone.</summary>
    public static string Measured(DemoMetrics metrics)
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.AppendLine(FormattableString.Invariant(line));
        Line($"| leading tokens | {string.Join(" | ", metrics.Psnr.Keys)} |");
        Line($"| --- |{string.Concat(metrics.Psnr.Select(_ => " --- |"))}");
        Line($"| PSNR, dB | {string.Join(" | ", metrics.Psnr.Values.Select(value => value.ToString("0.00", CultureInfo.InvariantCulture)))} |");
        Line($"");
        Line($"- Codebook in use: {metrics.CodebookUsed:P1}.");
        Line($"- An ML.NET classifier trained on drawings' pixels is right on {metrics.ClassifierAccuracy:P1} of drawings and {metrics.ReconstructedAccuracy:P1} of reconstructions.");
        Line($"- It puts {metrics.GeneratedAccuracy:P1} of {metrics.GeneratedCount} generated pictures in the class asked for ({string.Join(", ", Drawings.Classes.Zip(metrics.GeneratedByClass, (name, share) => FormattableString.Invariant($"{name} {share:P0}")))}).");
        Line($"- {metrics.Twins} of them have the same tokens as another of their class. Generated pictures of a class differ from each other {metrics.Spread:P0} as much as drawings of it do (root mean square, all pairs).");
        return text.ToString();
    }

    /// <summary>Of all steps, from the speeds logged, whether or not the run was interrupted.</summary>
    private static double Hours(TrainingOptions options) => File.ReadLines(Path.Combine(options.RunFolder!, "metrics.csv"))
        .Select(line => line.Split(',')).Where(cells => cells[1] == "samples_per_second")
        .DistinctBy(cells => cells[0])
        .Sum(cells => (double)options.LogEvery * options.BatchSize / double.Parse(cells[2], CultureInfo.InvariantCulture)) / 3600;
}
