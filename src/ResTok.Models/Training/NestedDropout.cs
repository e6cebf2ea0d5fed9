using ResTok.Models.Layers;

namespace ResTok.Models.Training;

/// <summary>How many leading tokens of each image the decoder sees in a training step (arXiv 2601.03955, section 3.3; config keys <c>drop_latent_tokens</c>, <c>drop_prob</c>, <c>num_min_tokens</c>).</summary>
internal sealed class NestedDropout
{
    private readonly int[] counts;
    private readonly double[] cumulative;

    public NestedDropout(TokenizerConfig config)
    {
        if (!config.DropLatentTokens)
        {
            counts = [config.LatentTokens];
            cumulative = [1];
            return;
        }
        counts = [.. new TokenLevels(config.LatentTokens).Ends.Where(count => count >= config.MinTokens)];
        double[] weights = Weights(counts.Length, config.DropProbability);
        double total = weights.Sum(), sum = 0;
        cumulative = [.. weights.Select(weight => (sum += weight) / total)];
    }

    /// <summary>The counts that can be drawn, and their probabilities.</summary>
    public IEnumerable<(int Count, double Probability)> Distribution =>
        counts.Select((count, i) => (count, cumulative[i] - (i == 0 ? 0 : cumulative[i - 1])));

    /// <summary>Draws the count of a sample.</summary>
    public int Draw(long seed, long step, int sample)
    {
        (uint bits, _, _, _) = new RandomStream(seed, (ulong)step, (uint)sample).Block(0);
        double u = bits / 4294967296.0;
        int i = Array.FindIndex(cumulative, limit => u < limit);
        return counts[i < 0 ? ^1 : i];
    }

    /// <summary>
    /// Dropped prefixes weigh 1, 2, 4, …; the whole sequence as often as makes drops happen with the probability asked for. With
    /// probability 0 all counts are alike, as the reference's fallback has it.
    /// </summary>
    private static double[] Weights(int count, double dropProbability)
    {
        if (dropProbability == 0)
            return [.. Enumerable.Repeat(1.0, count)];
        double[] weights = [.. Enumerable.Range(0, count - 1).Select(i => Math.Pow(2, i))];
        return [.. weights, Math.Max(1, weights.Sum()) * ((int)(1 / dropProbability) - 1)];
    }
}
