using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer.Networks;

/// <summary>Between a 2-D feature map and the tokens of all levels, each level a pooling grid.</summary>
internal static class LatentPooling
{
    /// <summary>Pools a map level by level into initial latents.</summary>
    /// <param name="map">[B, D, g, g].</param>
    /// <param name="levels">The levels to pool to.</param>
    /// <param name="residual">Whether a level sees only what coarser levels left over (<c>residual_latent_tokens</c>).</param>
    /// <returns>[B, N, D].</returns>
    public static Tensor Pool(Tensor map, TokenLevels levels, bool residual)
    {
        using var scope = NewDisposeScope();
        long[] size = map.shape[2..];
        var tokens = new List<Tensor>(levels.Count);
        foreach ((int rows, int columns) in levels.Grids)
        {
            Tensor cells = nn.functional.adaptive_avg_pool2d(map, [rows, columns]); // [B, D, rows, columns]
            tokens.Add(cells.flatten(2).transpose(1, 2));
            if (residual)
                map = map - nn.functional.interpolate(cells, size, mode: InterpolationMode.Nearest);
        }
        return cat(tokens, 1).MoveToOuterDisposeScope();
    }

    /// <summary>Pools the flattened map in one dimension (<c>latent_hierarchy: false</c>).</summary>
    /// <returns>[B, N, D].</returns>
    public static Tensor PoolFlat(Tensor map, int tokenCount)
    {
        using var scope = NewDisposeScope();
        return nn.functional.adaptive_avg_pool1d(map.flatten(2), tokenCount).transpose(1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>Spreads the tokens of all levels over a map: the sum of the levels, or their mean where they are not residuals.</summary>
    /// <param name="tokens">[B, N, D].</param>
    /// <param name="levels">The levels of the N tokens.</param>
    /// <param name="side">Rows and columns of the map, g.</param>
    /// <param name="residual"><c>residual_latent_tokens</c>.</param>
    /// <returns>[B, g·g, D].</returns>
    public static Tensor Unpool(Tensor tokens, TokenLevels levels, int side, bool residual)
    {
        using var scope = NewDisposeScope();
        Tensor? sum = null;
        for (int level = 0; level < levels.Count; level++)
        {
            (int rows, int columns) = levels.Grids[level];
            Tensor cells = tokens.narrow(1, levels.Offsets[level], levels.Sizes[level]).transpose(1, 2).unflatten(2, [rows, columns]);
            Tensor map = nn.functional.interpolate(cells, [side, side], mode: InterpolationMode.Nearest); // [B, D, g, g]
            sum = sum is null ? map : sum + map;
        }
        Tensor result = residual ? sum! : sum! / levels.Count;
        return result.flatten(2).transpose(1, 2).MoveToOuterDisposeScope();
    }
}
