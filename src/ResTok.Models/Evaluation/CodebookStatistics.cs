namespace ResTok.Models.Evaluation;

/// <summary>Which tokens of a codebook are used, and how evenly (reference <c>evaluator.py</c>).</summary>
internal sealed class CodebookStatistics
{
    private readonly long[] counts;

    /// <param name="codebookSize">Entries, K (config key <c>codebook_size</c>).</param>
    public CodebookStatistics(int codebookSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(codebookSize);
        counts = new long[codebookSize];
    }

    /// <summary>The share of tokens that came at all, in [0, 1].</summary>
    public double Usage => counts.Count(count => count > 0) / (double)counts.Length;

    /// <summary>Bits a token carries, at most log2 K: Σ −p·log2(p + 1e-8) as the reference writes it. 0 without tokens.</summary>
    public double Entropy
    {
        get
        {
            double total = counts.Sum();
            return total == 0 ? 0 : counts.Sum(count => -(count / total) * Math.Log2(count / total + 1e-8));
        }
    }

    /// <summary>Adds tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A token is not in [0, K).</exception>
    public void Add(ReadOnlySpan<int> tokens)
    {
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)counts.Length)
                throw new ArgumentOutOfRangeException(nameof(tokens), token, $"Tokens of this codebook are 0 to {counts.Length - 1}.");
        }
        foreach (int token in tokens)
            counts[token]++;
    }

    /// <summary>Adds what another counted.</summary>
    /// <exception cref="ArgumentException">It is of another codebook size.</exception>
    public void Add(CodebookStatistics other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.counts.Length != counts.Length)
            throw new ArgumentException($"Counts of {other.counts.Length} tokens do not add to those of {counts.Length}.", nameof(other));
        for (int i = 0; i < counts.Length; i++)
            counts[i] += other.counts[i];
    }

    public void Save(EvaluationState state, string name) => state.Set(name, [.. counts.Select(count => (double)count)]);

    /// <summary>Adds counts that were saved.</summary>
    public void Add(EvaluationState state, string name)
    {
        double[] others = state.Numbers(name);
        if (others.Length != counts.Length)
            throw new ArgumentException($"Counts of {others.Length} tokens do not add to those of {counts.Length}.", nameof(state));
        for (int i = 0; i < counts.Length; i++)
            counts[i] += (long)others[i];
    }
}
