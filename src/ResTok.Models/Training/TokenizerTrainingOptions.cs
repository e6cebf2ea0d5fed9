namespace ResTok.Models.Training;

/// <summary>How a tokenizer is trained (arXiv 2601.03955, section 4; reference <c>restok_l_128.yaml</c>).</summary>
public sealed record TokenizerTrainingOptions : TrainingOptions
{
    /// <summary>How pictures are compared. Reference <c>reconstruction_loss</c>.</summary>
    public ReconstructionLoss Reconstruction { get; init; } = ReconstructionLoss.L2;

    /// <summary>Weight of the reconstruction loss, 0 or more. Reference <c>reconstruction_weight</c>.</summary>
    public double ReconstructionWeight { get; init; } = 1;

    /// <summary>
    /// Weight of the quantiser's loss, 0 or more; its parts are weighted by <see cref="TokenizerConfig.CommitmentCost"/> and
    /// <see cref="TokenizerConfig.EntropyLossRatio"/>. Reference <c>quantizer_weight</c>.
    /// </summary>
    public double QuantizerWeight { get; init; } = 1;

    /// <summary>
    /// Steps after which codes that no latent chose since then are moved to latents of the current batch; 0 never, as the reference.
    /// Small data needs it to keep its codebook in use.
    /// </summary>
    public int ResetCodesEvery { get; init; }

    /// <summary>
    /// Steps before the quantiser comes in; 0 for none, as the reference. Until then the decoder sees the latents themselves; then the
    /// codebook begins at latents. Short trainings need it: fresh latents hardly differ between pictures, and codes that are trained
    /// from the first step pull them together until they say nothing.
    /// </summary>
    public int QuantizeFrom { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        AtLeast(0, ReconstructionWeight, nameof(ReconstructionWeight));
        AtLeast(0, QuantizerWeight, nameof(QuantizerWeight));
        AtLeast(0, ResetCodesEvery, nameof(ResetCodesEvery));
        AtLeast(0, QuantizeFrom, nameof(QuantizeFrom));
    }
}
