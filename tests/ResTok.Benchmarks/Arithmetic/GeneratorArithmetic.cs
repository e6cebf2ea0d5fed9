using ResTok.Models;
using ResTok.Models.Generator.Networks;
using ResTok.Models.Generator.Sampling;

namespace ResTok.Benchmarks.Arithmetic;

/// <summary>What generating whole images computes and reads, counted from the configuration alone.</summary>
/// <param name="config">Of the generator.</param>
/// <param name="rows">Sequences that go through the network together: with guidance two for each image.</param>
internal sealed class GeneratorArithmetic(GeneratorConfig config, int rows)
{
    /// <summary>Numbers in the weights that every pass multiplies by: all but the embeddings.</summary>
    public long WeightsPerPass { get; } = config.Layers * LayerWeights(config) + (long)config.Width * config.CodebookSize;

    public int Passes => config.Passes;

    public double Flops => 2.0 * rows * config.Tokens * WeightsPerPass + AttentionFlops();

    private double AttentionFlops()
    {
        var layout = new SequenceLayout(config);
        long pairs = 0;
        foreach (GenerationPass pass in layout.Passes)
        {
            for (int row = pass.Start; row < pass.End; row++)
                pairs += Enumerable.Range(0, pass.End).Count(column => layout.MayAttend(row, column));
        }
        return 4.0 * rows * config.Layers * config.Width * pairs;
    }

    private static long LayerWeights(GeneratorConfig config)
    {
        long headWidth = config.Width / config.Heads, keyValueHeads = config.KeyValueHeads ?? config.Heads;
        return config.Width * ((config.Heads + 2 * keyValueHeads) * headWidth + config.Width + 3L * config.FfnWidth);
    }
}
