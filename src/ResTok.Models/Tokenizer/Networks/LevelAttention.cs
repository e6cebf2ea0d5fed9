using ResTok.Models.Layers;
using ResTok.Models.Layers.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer.Networks;

/// <summary>
/// Hierarchical causal attention: a token sees its own block and earlier ones. Blocks lie one after another, so without
/// gradients they are done in segments, each over the keys it may see, which leaves out what a mask would only hide.
/// </summary>
internal sealed class LevelAttention : IDisposable
{
    private const int SegmentTokens = 128; // small blocks share a segment and a mask: many small kernels are slower

    private readonly List<(int Start, int End, bool HasOneBlock)> segments = [];
    private readonly int[] visible; // keys of each token
    private readonly ScalarType dataType;

    /// <param name="blocks">Tokens in each block, in sequence order; L in all.</param>
    /// <param name="dataType">The format of the products.</param>
    /// <param name="device">Where it is used.</param>
    public LevelAttention(IReadOnlyList<int> blocks, ScalarType dataType, Device device)
    {
        this.dataType = dataType;
        Mask = LevelMask.Build(blocks, dataType, device);
        visible = new int[blocks.Sum()];
        int start = 0;
        foreach (int size in blocks)
        {
            if (segments is [.., var last] && start + size - last.Start <= SegmentTokens)
                segments[^1] = (last.Start, start + size, false);
            else
                segments.Add((start, start + size, true));
            visible.AsSpan(start, size).Fill(start + size);
            start += size;
        }
    }

    /// <summary>Additive, [1, 1, L, L].</summary>
    public Tensor Mask { get; }

    /// <summary>What the queries read from the values that they may see.</summary>
    /// <param name="query">[B, heads, n, head], of the last n tokens.</param>
    /// <param name="key">[B, heads, L, head].</param>
    /// <param name="value">[B, heads, L, head].</param>
    /// <returns>[B, heads, n, head].</returns>
    public Tensor Attend(Tensor query, Tensor key, Tensor value)
    {
        using var scope = NewDisposeScope();
        long skipped = key.shape[2] - query.shape[2];
        if (is_grad_enabled())
            return ScaledDotProduct.Attend(query, key, value, Mask.narrow(2, skipped, query.shape[2])).MoveToOuterDisposeScope();
        if (OwnKernels.Suit(query))
            return PackedAttention.Apply(query, key, value, null, visible[(int)skipped..], dataType).MoveToOuterDisposeScope();
        var attended = new List<Tensor>(segments.Count);
        foreach ((int start, int end, bool hasOneBlock) in segments)
        {
            long first = Math.Max(start, skipped);
            if (first >= end)
                continue;
            Tensor? mask = hasOneBlock ? null : Mask.narrow(2, first, end - first).narrow(3, 0, end);
            attended.Add(ScaledDotProduct.Attend(query.narrow(2, first - skipped, end - first), key.narrow(2, 0, end), value.narrow(2, 0, end), mask));
        }
        return cat(attended, 2).MoveToOuterDisposeScope();
    }

    public void Dispose() => Mask.Dispose();
}
