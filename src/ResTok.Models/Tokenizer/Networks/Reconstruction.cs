using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer.Networks;

/// <summary>What a tokenizer makes of images in training, with gradients.</summary>
/// <param name="Images">Rebuilt images, nominally in [0, 1], float32 [B, 3, S, S].</param>
/// <param name="Quantization">What the quantiser did.</param>
/// <param name="CoarsestTokens">The encoder's coarsest image tokens, [B, n, D].</param>
/// <param name="Features">The decoder's features for alignment, [B, D, g, g], or null where none were asked for.</param>
internal sealed record Reconstruction(Tensor Images, Quantization Quantization, Tensor CoarsestTokens, Tensor? Features);
