namespace ResTok.Models.Tokenizer.Networks;

/// <summary>
/// Where the encoder merges image tokens and what the image levels then are: after each merge a coarser level, whose grid has
/// fewer columns, goes before the others.
/// </summary>
internal sealed class MergeSchedule
{
    private readonly HashSet<int> mergingBlocks = [];

    /// <exception cref="ArgumentException">The merges do not divide the grid.</exception>
    public MergeSchedule(TokenizerConfig config, int layers, int side)
    {
        int stages = config.MergeTokens ? config.HierarchyStages : 0;
        LevelEmbeddings = Math.Max(stages, 1);
        if (config.ReductionRatio > 0)
        {
            for (int j = 1; j < stages; j++)
                mergingBlocks.Add((int)((double)j / stages * layers) - 1);
            mergingBlocks.Remove(-1); // more stages than layers
        }

        var grids = new List<(int Rows, int Columns)> { (side, side) };
        Stages = [[.. grids]];
        double kept = 1 - config.ReductionRatio;
        foreach (int _ in mergingBlocks)
        {
            (int rows, int columns) = grids[0];
            int merged = (int)(columns * kept);
            if (merged < 1 || rows * merged != (int)(rows * columns * kept))
                throw new ArgumentException(
                    $"merge_tokens: reduction_ratio {config.ReductionRatio} cannot merge a grid of {rows} x {columns} tokens "
                    + $"(merge {Stages.Count} of {mergingBlocks.Count}): the columns left must be a whole number of at least 1. "
                    + "Choose another reduction_ratio, hierarchy_stages or crop_size.", nameof(config));
            grids.Insert(0, (rows, merged));
            Stages.Add([.. grids]);
        }
    }

    /// <summary>Entries of <c>encoder.level_embedding</c>; one per configured stage, used or not.</summary>
    public int LevelEmbeddings { get; }

    /// <summary>The image grids of each stage, coarsest first; stage 0 has only the full grid.</summary>
    public List<(int Rows, int Columns)[]> Stages { get; }

    /// <summary>Whether a block merges, and so ends its stage.</summary>
    public bool MergesIn(int block) => mergingBlocks.Contains(block);
}
