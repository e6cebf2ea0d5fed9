using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer.Networks;

/// <summary>What the codebook made of latents.</summary>
/// <param name="Tokens">Ids of the nearest entries, int64 [B, N].</param>
/// <param name="Quantized">The entries with the straight-through gradient, [B, C, 1, N].</param>
/// <param name="Latents">The latents as compared (normalised with <c>use_l2_norm</c>), [B, N, C].</param>
/// <param name="Codes">The chosen entries as compared, [B, N, C].</param>
/// <param name="Distances">Squared distance of each latent to every entry, [B·N, K].</param>
internal sealed record Quantization(Tensor Tokens, Tensor Quantized, Tensor Latents, Tensor Codes, Tensor Distances) : IDisposable
{
    /// <summary>Distance of the second-best entry minus the best, [B, N].</summary>
    public Tensor Margins()
    {
        using var scope = NewDisposeScope();
        Tensor best = Distances.topk(2, dim: 1, largest: false, sorted: true).values;
        return (best.select(1, 1) - best.select(1, 0)).view(Tokens.shape).MoveToOuterDisposeScope();
    }

    public Quantization MoveToOuterDisposeScope()
    {
        foreach (Tensor tensor in new[] { Tokens, Quantized, Latents, Codes, Distances })
            tensor.MoveToOuterDisposeScope();
        return this;
    }

    public void Dispose()
    {
        foreach (Tensor tensor in new[] { Tokens, Quantized, Latents, Codes, Distances })
            tensor.Dispose();
    }
}
