using ResTok.MLNet.Onnx.Format;
using ResTok.Models;

namespace ResTok.MLNet.Onnx.Export;

/// <summary>
/// Pooling and nearest-neighbour resampling over tokens, as products with constant matrices and as choices of tokens: so every runtime
/// has them, for any grid.
/// </summary>
internal static class Resampling
{
    /// <summary>Initial latents from a map, level by level.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="map">[B, side·side, D], float32.</param>
    /// <param name="side">Of the map.</param>
    /// <param name="levels">The levels to pool to.</param>
    /// <param name="residual">Whether a level sees only what coarser levels left over (<c>residual_latent_tokens</c>).</param>
    /// <returns>[B, N, D].</returns>
    public static Value Pool(OnnxGraph graph, Value map, int side, TokenLevels levels, bool residual)
    {
        var tokens = new List<Value>();
        foreach ((int rows, int columns) in levels.Grids)
        {
            float[] matrix = [.. from row in Bins(side, rows)
                                 from column in Bins(side, columns)
                                 from y in Enumerable.Range(0, side)
                                 from x in Enumerable.Range(0, side)
                                 select row.Has(y) && column.Has(x) ? 1f / (row.Count * column.Count) : 0];
            Value cells = graph.MatMul(graph.Constant(matrix, rows * columns, side * side), map); // [B, rows·columns, D]
            tokens.Add(cells);
            if (residual)
                map = graph.Sub(map, Unpool(graph, cells, rows, columns, side));
        }
        return graph.Concat(1, [.. tokens]);
    }

    /// <summary>Pools the flattened map in one dimension (<c>latent_hierarchy: false</c>): [B, N, D].</summary>
    public static Value PoolFlat(OnnxGraph graph, Value map, int cells, int tokenCount)
    {
        float[] matrix = [.. from bin in Bins(cells, tokenCount)
                             from cell in Enumerable.Range(0, cells)
                             select bin.Has(cell) ? 1f / bin.Count : 0];
        return graph.MatMul(graph.Constant(matrix, tokenCount, cells), map);
    }

    /// <summary>Spreads the tokens of all levels over a map: the sum of the levels, or their mean where they are not residuals.</summary>
    /// <returns>[B, side·side, D].</returns>
    public static Value UnpoolAll(OnnxGraph graph, Value tokens, TokenLevels levels, int side, bool residual)
    {
        Value? sum = null;
        for (int level = 0; level < levels.Count; level++)
        {
            (int rows, int columns) = levels.Grids[level];
            Value cells = graph.Slice(tokens, 1, levels.Offsets[level], levels.Offsets[level] + levels.Sizes[level]);
            Value map = Unpool(graph, cells, rows, columns, side);
            sum = sum is { } others ? graph.Add(others, map) : map;
        }
        return residual ? sum!.Value : graph.Div(sum!.Value, graph.Constant(levels.Count, tokens.Type));
    }

    /// <summary>Other so many tokens in place of those there are, each the nearest (axis 1).</summary>
    public static Value Nearest(OnnxGraph graph, Value tokens, int from, int to) =>
        graph.Gather(tokens, 1, graph.Constant([.. NearestIndices(from, to)], to));

    private static Value Unpool(OnnxGraph graph, Value cells, int rows, int columns, int side)
    {
        long[] indices = [.. from row in NearestIndices(rows, side)
                             from column in NearestIndices(columns, side)
                             select row * columns + column];
        return graph.Gather(cells, 1, graph.Constant(indices, indices.Length));
    }

    /// <summary>As PyTorch's nearest interpolation chooses them, in float32.</summary>
    private static IEnumerable<long> NearestIndices(int from, int to) =>
        Enumerable.Range(0, to).Select(i => (long)Math.Min((int)MathF.Floor(i * ((float)from / to)), from - 1));

    /// <summary>As PyTorch's adaptive average pooling cuts an axis.</summary>
    private static IEnumerable<Bin> Bins(int size, int parts) => Enumerable.Range(0, parts).Select(part =>
    {
        int start = part * size / parts, end = ((part + 1) * size + parts - 1) / parts;
        return new Bin(start, end - start);
    });

    private readonly record struct Bin(int Start, int Count)
    {
        public bool Has(int index) => index >= Start && index < Start + Count;
    }
}
