using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models;

/// <summary>
/// What encoding made of a batch of B images. It owns its tensors: they live, on the tokenizer's device, until
/// <see cref="Dispose"/>.
/// </summary>
public sealed class TokenizerEncoding : IDisposable
{
    internal TokenizerEncoding(Tensor tokens, Tensor latents, Tensor quantizedLatents, IReadOnlyList<Tensor> imageTokenLevels)
    {
        Tokens = tokens;
        Latents = latents;
        QuantizedLatents = quantizedLatents;
        ImageTokenLevels = imageTokenLevels;
    }

    /// <summary>Token ids, coarse to fine, int64 [B, N], each from 0 to <see cref="TokenizerConfig.CodebookSize"/> − 1.</summary>
    public Tensor Tokens { get; }

    /// <summary>The latents before quantisation, float32 [B, C, 1, N].</summary>
    public Tensor Latents { get; }

    /// <summary>The codes of the tokens, float32 [B, C, 1, N]; on the unit sphere with <c>use_l2_norm</c>.</summary>
    public Tensor QuantizedLatents { get; }

    /// <summary>
    /// The encoder's image tokens, level by level, coarsest first: [B, n, D] each, before the final norm. Empty unless
    /// <see cref="EncodingOutputs.ImageTokens"/> was asked for.
    /// </summary>
    public IReadOnlyList<Tensor> ImageTokenLevels { get; }

    /// <summary>
    /// Squared distance of the second-best code minus that of the best, float32 [B, N]: where it is below about 1e-4, rounding
    /// decides the token. Null unless <see cref="EncodingOutputs.Margins"/> was asked for.
    /// </summary>
    public Tensor? Margins { get; internal init; }

    /// <summary>The quantiser's losses over the batch. Null unless <see cref="EncodingOutputs.Losses"/> was asked for.</summary>
    public QuantizerLosses? Losses { get; internal init; }

    /// <summary>
    /// Per encoder block, the attention of every token (row) to every other (column), averaged over heads, float32 [B, L, L]; L
    /// counts image tokens, coarsest level first, and then the N latent tokens. Null unless
    /// <see cref="EncodingOutputs.AttentionMaps"/> was asked for.
    /// </summary>
    public IReadOnlyList<Tensor>? AttentionMaps { get; internal init; }

    /// <summary>Frees all tensors.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in ImageTokenLevels.Concat(AttentionMaps ?? []).Append(Tokens).Append(Latents).Append(QuantizedLatents))
            tensor.Dispose();
        Margins?.Dispose();
    }
}
