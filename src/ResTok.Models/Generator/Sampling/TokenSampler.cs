using System.Numerics.Tensors;
using ResTok.Models.Layers;

namespace ResTok.Models.Generator.Sampling;

/// <summary>Draws a token from logits: temperature, top-k, top-p, and the exponential race that picks one.</summary>
internal static class TokenSampler
{
    /// <summary>Draws one token.</summary>
    /// <param name="logits">One per code of the codebook. Overwritten: what is filtered out becomes −∞.</param>
    /// <param name="options">Temperature, filters, greedy.</param>
    /// <param name="stream">The random numbers of this token.</param>
    public static int Sample(Span<float> logits, SamplingOptions options, RandomStream stream)
    {
        if (options.Greedy)
            return TensorPrimitives.IndexOfMax<float>(logits);
        if (options.Temperature != 1)
            TensorPrimitives.Divide(logits, (float)Math.Max(options.Temperature, 1e-5), logits);
        Filter(logits, options.TopK, options.TopP);
        return Race(logits, stream);
    }

    /// <summary>Sets all but the most probable to −∞: top-k first, then top-p on what is left.</summary>
    public static void Filter(Span<float> logits, int topK, double topP)
    {
        if (topK <= 0 && topP >= 1)
            return;
        float[] sorted = logits.ToArray();
        Array.Sort(sorted);
        Array.Reverse(sorted);
        int kept = sorted.Length;
        if (topK > 0)
        {
            float last = sorted[Math.Min(topK, kept) - 1];
            while (kept > 0 && sorted[kept - 1] < last) // those equal to the last stay
                kept--;
        }
        if (topP < 1)
            kept = Nucleus(sorted.AsSpan(0, kept), topP);
        KeepLargest(logits, sorted, kept);
    }

    /// <summary>How many of the sorted logits reach the probability p together; the one that crosses it counts.</summary>
    private static int Nucleus(ReadOnlySpan<float> sorted, double topP)
    {
        var probabilities = new float[sorted.Length];
        TensorPrimitives.SoftMax(sorted, probabilities);
        double sum = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            sum += probabilities[i];
            if (sum > topP)
                return i + 1;
        }
        return probabilities.Length;
    }

    /// <summary>Keeps so many of the largest; of those equal to the smallest kept the first ones.</summary>
    private static void KeepLargest(Span<float> logits, float[] sorted, int kept)
    {
        float smallest = sorted[kept - 1];
        int equal = 1;
        while (equal < kept && sorted[kept - 1 - equal] == smallest)
            equal++;
        for (int i = 0; i < logits.Length; i++)
        {
            if (logits[i] < smallest || (logits[i] == smallest && equal-- <= 0))
                logits[i] = float.NegativeInfinity;
        }
    }

    /// <summary>
    /// Token i wins with its softmax probability p_i: give each an exponential waiting time E_i, the least E_i / p_i wins. Against
    /// inverting the cumulative distribution this has the advantage that rounding in the logits changes the outcome only where two
    /// tokens nearly tie.
    /// </summary>
    private static int Race(ReadOnlySpan<float> logits, RandomStream stream)
    {
        int winner = 0;
        double best = double.NegativeInfinity;
        for (int first = 0; first < logits.Length; first += 4)
        {
            ReadOnlySpan<float> four = logits.Slice(first, Math.Min(4, logits.Length - first));
            if (!four.ContainsAnyExcept(float.NegativeInfinity))
                continue;
            (uint a, uint b, uint c, uint d) = stream.Block((uint)first / 4);
            ReadOnlySpan<uint> bits = [a, b, c, d];
            for (int i = 0; i < four.Length; i++)
            {
                if (float.IsNegativeInfinity(four[i]))
                    continue;
                double waiting = -Math.Log((bits[i] + 0.5) / 4294967296.0);
                double score = four[i] - Math.Log(waiting);
                if (score > best)
                    (best, winner) = (score, first + i);
            }
        }
        return winner;
    }
}
