using ResTok.Models;

namespace ResTok.MLNet.Onnx;

/// <summary>What encoding made of a batch of B images.</summary>
/// <param name="Tokens">Token ids of each image, coarse to fine, N each, from 0 to <see cref="TokenizerConfig.CodebookSize"/> − 1.</param>
/// <param name="Latents">The latents before quantisation, [B, C, 1, N] row by row.</param>
/// <param name="QuantizedLatents">The codes of the tokens, [B, C, 1, N] row by row; on the unit sphere with <c>use_l2_norm</c>.</param>
/// <param name="Features">The mean of the coarsest image tokens, [B, D] row by row.</param>
public sealed record OnnxEncoding(IReadOnlyList<IReadOnlyList<int>> Tokens, float[] Latents, float[] QuantizedLatents, float[] Features);
