using ResTok.Models.Layers.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers;

/// <summary>Scaled dot-product attention, softmax(q·kᵀ/√d + mask)·v, of both models.</summary>
internal static class ScaledDotProduct
{
    /// <summary>What the queries read from the values.</summary>
    /// <param name="query">[B, heads, n, head].</param>
    /// <param name="key">[B, heads, L, head].</param>
    /// <param name="value">[B, heads, L, head].</param>
    /// <param name="mask">Additive, broadcast to [B, heads, n, L], or null.</param>
    /// <param name="format">Of what is multiplied, where that may be another than the queries'.</param>
    /// <returns>[B, heads, n, head].</returns>
    public static Tensor Attend(Tensor query, Tensor key, Tensor value, Tensor? mask, ScalarType format = ScalarType.Float32) =>
        OwnKernels.Suit(query) ? PackedAttention.Apply(query, key, value, mask, null, format)
        : CpuAttention.PrefersProducts(query) ? Products(query, key, value, mask)
        : nn.functional.scaled_dot_product_attention(query, key, value, mask);

    /// <summary>The same by plain matrix products.</summary>
    public static Tensor Products(Tensor query, Tensor key, Tensor value, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        return matmul(softmax(Scores(query, key, mask), -1), value).MoveToOuterDisposeScope();
    }

    /// <summary>The same with some of the weights dropped, in training.</summary>
    public static Tensor Attend(Tensor query, Tensor key, Tensor value, Tensor? mask, DropoutNoise noise, double dropout)
    {
        using var scope = NewDisposeScope();
        return matmul(noise.Drop(softmax(Scores(query, key, mask), -1), dropout), value).MoveToOuterDisposeScope();
    }

    /// <summary>How much every query reads from every key, averaged over heads, float32 [B, n, L].</summary>
    public static Tensor Map(Tensor query, Tensor key, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        return softmax(Scores(query, key, mask).to(ScalarType.Float32), -1).mean([1]).MoveToOuterDisposeScope();
    }

    private static Tensor Scores(Tensor query, Tensor key, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        Tensor scores = matmul(query * Math.Pow(query.shape[^1], -0.5), key.transpose(-2, -1)); // [B, heads, n, L]
        return (mask is null ? scores : InPlace.Add(scores, mask)).MoveToOuterDisposeScope();
    }
}
