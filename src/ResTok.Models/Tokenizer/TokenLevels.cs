namespace ResTok.Models;

/// <summary>
/// The coarse-to-fine levels of a ResTok token sequence: 1, 1, 2, 4, … tokens, each level as long as all before it together
/// (config key <c>num_latent_tokens</c>; "nested dropout blocks" in the reference implementation).
/// </summary>
public sealed class TokenLevels
{
    /// <summary>Lays out the levels of a sequence.</summary>
    /// <param name="tokenCount">Tokens in the whole sequence: a power of two from 2 to 512.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tokenCount"/> is not such a power of two.</exception>
    public TokenLevels(int tokenCount)
    {
        if (tokenCount is < 2 or > 512 || (tokenCount & (tokenCount - 1)) != 0)
            throw new ArgumentOutOfRangeException(nameof(tokenCount), tokenCount,
                "num_latent_tokens must be a power of two from 2 to 512, the counts for which pooling grids exist.");
        TokenCount = tokenCount;
        var sizes = new List<int> { 1 };
        for (int total = 1; total < tokenCount; total *= 2)
            sizes.Add(total);
        Sizes = sizes;
        Offsets = [.. sizes.Select((_, level) => sizes.Take(level).Sum())];
        Grids = [.. sizes.Select(GridOf)];
    }

    /// <summary>Tokens in the whole sequence, N.</summary>
    public int TokenCount { get; }

    /// <summary>The number of levels: 8 for 128 tokens.</summary>
    public int Count => Sizes.Count;

    /// <summary>Tokens in each level, coarsest first: 1, 1, 2, 4, 8, 16, 32, 64 for 128 tokens.</summary>
    public IReadOnlyList<int> Sizes { get; }

    /// <summary>Position of each level's first token: 0, 1, 2, 4, 8, 16, 32, 64 for 128 tokens.</summary>
    public IReadOnlyList<int> Offsets { get; }

    /// <summary>The pooling grid (rows, columns) whose cells are the tokens of each level: (1,1), (1,1), (1,2), (2,2), (2,4), …</summary>
    public IReadOnlyList<(int Rows, int Columns)> Grids { get; }

    /// <summary>Tokens up to each level's end, coarsest first: 1, 2, 4, 8, 16, 32, 64, 128 for 128 tokens.</summary>
    internal IEnumerable<int> Ends => Offsets.Skip(1).Append(TokenCount);

    /// <summary>The level that holds a position.</summary>
    /// <param name="position">A position in the sequence, 0 to <see cref="TokenCount"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="position"/> lies outside the sequence.</exception>
    public int LevelOf(int position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, TokenCount);
        return position == 0 ? 0 : System.Numerics.BitOperations.Log2((uint)position) + 1;
    }

    /// <summary>Takes the coarse levels of one image and the fine levels of another.</summary>
    /// <param name="coarse">Tokens of the image that gives the coarse levels, at least those.</param>
    /// <param name="fine">All N tokens of the image that gives the rest.</param>
    /// <param name="coarseLevels">Levels to take from <paramref name="coarse"/>, 0 to <see cref="Count"/>.</param>
    /// <returns>N tokens.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="coarseLevels"/> is out of range.</exception>
    /// <exception cref="ArgumentException">There are too few tokens.</exception>
    public int[] Splice(IReadOnlyList<int> coarse, IReadOnlyList<int> fine, int coarseLevels)
    {
        ArgumentNullException.ThrowIfNull(coarse);
        ArgumentNullException.ThrowIfNull(fine);
        ArgumentOutOfRangeException.ThrowIfNegative(coarseLevels);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(coarseLevels, Count);
        int kept = TokensIn(coarseLevels);
        if (coarse.Count < kept || fine.Count != TokenCount)
            throw new ArgumentException($"Splicing {coarseLevels} levels needs at least {kept} coarse and exactly {TokenCount} fine tokens, but there are {coarse.Count} and {fine.Count}.");
        return [.. coarse.Take(kept), .. fine.Skip(kept)];
    }

    /// <summary>Tokens in the first so many levels.</summary>
    internal int TokensIn(int levels) => levels == Count ? TokenCount : Offsets[levels];

    // Sizes double from (1,1): first the columns, then the rows.
    private static (int, int) GridOf(int size)
    {
        int log = System.Numerics.BitOperations.Log2((uint)size);
        return (1 << (log / 2), 1 << (log - log / 2));
    }
}
