namespace ResTok.Models;

/// <summary>The quantiser's losses over a batch (reference <c>quantizer_loss</c> and its parts).</summary>
/// <param name="Total">The sum of the other three.</param>
/// <param name="Commitment">Mean squared distance of latents to their codes, times <c>commitment_cost</c>.</param>
/// <param name="Codebook">Mean squared distance of codes to their latents.</param>
/// <param name="Entropy">The entropy loss, times <c>entropy_loss_ratio</c>.</param>
public readonly record struct QuantizerLosses(float Total, float Commitment, float Codebook, float Entropy);
