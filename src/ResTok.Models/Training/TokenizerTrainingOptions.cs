using ResTok.Models.Evaluation;

namespace ResTok.Models.Training;

/// <summary>How a tokenizer is trained (arXiv 2601.03955, section 4; reference <c>restok_l_128.yaml</c>).</summary>
public sealed record TokenizerTrainingOptions : TrainingOptions
{
    /// <summary>How images are compared. Reference <c>reconstruction_loss</c>.</summary>
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
    /// codebook begins at latents. Short trainings need it: fresh latents hardly differ between images, and codes that are trained
    /// from the first step pull them together until they say nothing.
    /// </summary>
    public int QuantizeFrom { get; init; }

    /// <summary>
    /// Whether the decoder alone learns, and encoder and codebook stay as they are: tokens keep their meaning, and generators that were
    /// trained on them stay valid. The second stage of TiTok (arXiv 2406.07550); the reference has none. Then <see cref="ResetCodesEvery"/>,
    /// <see cref="QuantizeFrom"/> and <see cref="AlignmentWeight"/> are 0.
    /// </summary>
    public bool DecoderOnly { get; init; }

    /// <summary>
    /// Weight of the perceptual loss LPIPS, 0 or more; official 1. Needs <see cref="VggCheckpoint"/> and <see cref="LpipsCheckpoint"/>.
    /// Reference <c>perceptual_weight</c>.
    /// </summary>
    public double PerceptualWeight { get; init; }

    /// <summary>torchvision's VGG16 (<c>vgg16-397923af.pth</c>).</summary>
    public string? VggCheckpoint { get; init; }

    /// <summary>The heads of LPIPS for VGG16 (<c>vgg_lpips.pth</c>, <c>vgg.pth</c> of taming-transformers).</summary>
    public string? LpipsCheckpoint { get; init; }

    /// <summary>
    /// Weight of the ResNet-18 perceptual distance, 0 or more: this library's own, for those who have no weights for LPIPS. It takes the
    /// part of <see cref="PerceptualWeight"/>, and needs <see cref="ResNet18Checkpoint"/>.
    /// </summary>
    public double ResNet18Weight { get; init; }

    /// <summary><c>ResNet18.onnx</c> of the package Microsoft.ML.DnnImageFeaturizer.ResNet18 0.23.1. By default as <see cref="EvaluationWeights.ResNet18"/>.</summary>
    public string? ResNet18Checkpoint { get; init; } = EvaluationWeights.FindResNet18();

    /// <summary>
    /// Weight of the adversarial loss, 0 or more; official 0.5. Reference <c>discriminator_weight</c> · <c>discriminator_factor</c>.
    /// </summary>
    public double AdversarialWeight { get; init; }

    /// <summary>The discriminator. Reference <c>dino_disc</c>.</summary>
    public DiscriminatorKind Discriminator { get; init; }

    /// <summary>The DINO ViT-S/16 (<c>dino_deitsmall16_pretrain.pth</c>) for <see cref="DiscriminatorKind.Dino"/>.</summary>
    public string? DinoCheckpoint { get; init; }

    /// <summary>The step from which the discriminator is trained and judges; official 20000. Reference <c>discriminator_start</c>.</summary>
    public int DiscriminatorStart { get; init; } = 20_000;

    /// <summary>Weight of the LeCam regularisation, 0 or more. Reference <c>lecam_regularization_weight</c>.</summary>
    public double LeCamWeight { get; init; } = 0.001;

    /// <summary>
    /// Weight of the alignment with a vision foundation model, 0 or more; official 1. Needs <see cref="FoundationCheckpoint"/>. Reference
    /// <c>vf_weight</c>.
    /// </summary>
    public double AlignmentWeight { get; init; }

    /// <summary>timm's DINOv3 (<c>vit_large_patch16_dinov3.lvd1689m</c>). Reference <c>use_vf</c>.</summary>
    public string? FoundationCheckpoint { get; init; }

    /// <summary>Cosine distance up to which features count as aligned, in [0, 1). Reference <c>cos_margin</c>.</summary>
    public double CosineMargin { get; init; } = 0.25;

    /// <summary>
    /// The networks whose distances validation reports beside PSNR and SSIM, for each number of tokens: <c>lpips_128</c>, <c>rfid_128</c>,
    /// <c>resnet18_perceptual_128</c>, <c>resnet18_frechet_128</c>. Null for none; <c>new()</c> for those that are found. Fréchet distances
    /// depend on the number of images: compare them within a run.
    /// </summary>
    public EvaluationWeights? ValidationWeights { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        AtLeast(0, ReconstructionWeight, nameof(ReconstructionWeight));
        AtLeast(0, QuantizerWeight, nameof(QuantizerWeight));
        AtLeast(0, ResetCodesEvery, nameof(ResetCodesEvery));
        AtLeast(0, QuantizeFrom, nameof(QuantizeFrom));
        AtLeast(0, PerceptualWeight, nameof(PerceptualWeight));
        AtLeast(0, ResNet18Weight, nameof(ResNet18Weight));
        AtLeast(0, AdversarialWeight, nameof(AdversarialWeight));
        AtLeast(0, DiscriminatorStart, nameof(DiscriminatorStart));
        AtLeast(0, LeCamWeight, nameof(LeCamWeight));
        AtLeast(0, AlignmentWeight, nameof(AlignmentWeight));
        Share(CosineMargin, nameof(CosineMargin));
        NotForDecoderOnly(ResetCodesEvery, nameof(ResetCodesEvery));
        NotForDecoderOnly(QuantizeFrom, nameof(QuantizeFrom));
        NotForDecoderOnly(AlignmentWeight, nameof(AlignmentWeight));
        Needs(PerceptualWeight, nameof(PerceptualWeight), VggCheckpoint, nameof(VggCheckpoint), "torchvision's VGG16");
        Needs(PerceptualWeight, nameof(PerceptualWeight), LpipsCheckpoint, nameof(LpipsCheckpoint), "the heads of LPIPS");
        Needs(ResNet18Weight, nameof(ResNet18Weight), ResNet18Checkpoint, nameof(ResNet18Checkpoint), EvaluationWeights.WantedResNet18);
        Needs(Discriminator == DiscriminatorKind.Dino ? AdversarialWeight : 0, nameof(AdversarialWeight), DinoCheckpoint, nameof(DinoCheckpoint), "the DINO ViT-S/16");
        Needs(AlignmentWeight, nameof(AlignmentWeight), FoundationCheckpoint, nameof(FoundationCheckpoint), "a DINOv3 model");
    }

    private void NotForDecoderOnly(double value, string name)
    {
        if (DecoderOnly && value > 0)
            throw new ArgumentException(FormattableString.Invariant($"{name} is {value}, but {nameof(DecoderOnly)} leaves the encoder and its codes as they are. Set it to 0."), name);
    }

    private static void Needs(double weight, string weightName, string? checkpoint, string name, string what)
    {
        if (weight > 0 && string.IsNullOrEmpty(checkpoint))
            throw new ArgumentException(FormattableString.Invariant($"{weightName} is {weight}, so {name} must say where {what} is. Give its path, or set the weight to 0."), name);
    }
}
