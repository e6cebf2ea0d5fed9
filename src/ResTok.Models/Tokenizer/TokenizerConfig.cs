namespace ResTok.Models;

/// <summary>
/// The configuration of a tokenizer: the <c>model.vq_model</c> section of the reference configuration, with
/// <c>dataset.preprocessing.crop_size</c>. Defaults are those of the reference code where a key is absent, and of the official
/// <c>restok_l_128</c> configuration where the key is required there.
/// </summary>
public sealed partial record TokenizerConfig
{
    /// <summary>Entries in the codebook; token ids are 0 to this − 1. Key <c>codebook_size</c>.</summary>
    public int CodebookSize { get; init; } = 8192;

    /// <summary>Channels of a latent, C in <c>[B, C, 1, N]</c>. Key <c>token_size</c>.</summary>
    public int TokenSize { get; init; } = 8;

    /// <summary>Whether latents and codes are compared on the unit sphere. Key <c>use_l2_norm</c>.</summary>
    public bool UseL2Norm { get; init; } = true;

    /// <summary>Weight of the commitment loss. Key <c>commitment_cost</c>.</summary>
    public float CommitmentCost { get; init; } = 0.25f;

    /// <summary>Weight of the entropy loss. Key <c>entropy_loss_ratio</c>.</summary>
    public float EntropyLossRatio { get; init; }

    /// <summary>Size of the encoder's vision transformer. Key <c>vit_enc_model_size</c>.</summary>
    public VitSize EncoderSize { get; init; } = VitSize.Large;

    /// <summary>Size of the decoder's vision transformer. Key <c>vit_dec_model_size</c>.</summary>
    public VitSize DecoderSize { get; init; } = VitSize.Large;

    /// <summary>Pixels per side of an encoder patch; only 16 can run. Key <c>vit_enc_patch_size</c>.</summary>
    public int EncoderPatchSize { get; init; } = 16;

    /// <summary>Pixels of the crop per decoder grid cell and side; only 16 gives pictures of the crop's size. Key <c>vit_dec_patch_size</c>.</summary>
    public int DecoderPatchSize { get; init; } = 16;

    /// <summary>Base of the rotary position frequencies. Key <c>rope_base_len</c>.</summary>
    public double RopeBase { get; init; } = 10000;

    /// <summary>Latent tokens of a picture, N: a power of two. Key <c>num_latent_tokens</c>.</summary>
    public int LatentTokens { get; init; } = 128;

    /// <summary>Smallest prefix that nested dropout keeps in training. Key <c>num_min_tokens</c>.</summary>
    public int MinTokens { get; init; } = 4;

    /// <summary>Tokens used for decoding when none are asked for. Key <c>test_num_latent_tokens</c>.</summary>
    public int TestTokens { get; init; } = 128;

    /// <summary>Whether image tokens are merged between encoder stages. Key <c>merge_tokens</c>.</summary>
    public bool MergeTokens { get; init; }

    /// <summary>Encoder stages; a merge ends each but the last. Key <c>hierarchy_stages</c>.</summary>
    public int HierarchyStages { get; init; } = 4;

    /// <summary>Share of image tokens that a merge drops, in (0, 1). Key <c>reduction_ratio</c>.</summary>
    public double ReductionRatio { get; init; } = 0.5;

    /// <summary>Whether a merge leaves residuals behind. Key <c>residual_image_tokens</c>.</summary>
    public bool ResidualImageTokens { get; init; } = true;

    /// <summary>Whether latents are pooled from the residual of coarser latents. Key <c>residual_latent_tokens</c>.</summary>
    public bool ResidualLatentTokens { get; init; } = true;

    /// <summary>Whether latents start from learned vectors and not from pooled image tokens. Key <c>learnable_latent_tokens</c>.</summary>
    public bool LearnableLatentTokens { get; init; }

    /// <summary>Whether the decoder's image tokens start from a learned vector and not from the latents. Key <c>learnable_dec_image_tokens</c>.</summary>
    public bool LearnableDecoderImageTokens { get; init; } = true;

    /// <summary>Whether every level has projections of its own into and out of the latent space. Key <c>multi_quant</c>.</summary>
    public bool MultiQuant { get; init; } = true;

    /// <summary>Whether a convolutional pixel encoder precedes the transformer. Key <c>vae_encoder</c>.</summary>
    public bool PixelEncoder { get; init; }

    /// <summary>Whether initial latents are pooled level by level (2-D) and not in one sequence (1-D). Key <c>latent_hierarchy</c>.</summary>
    public bool LatentHierarchy { get; init; } = true;

    /// <summary>Whether training drops fine tokens (nested dropout). Key <c>drop_latent_tokens</c>.</summary>
    public bool DropLatentTokens { get; init; } = true;

    /// <summary>Probability of nested dropout in training, in [0, 1). Key <c>drop_prob</c>.</summary>
    public double DropProbability { get; init; } = 0.2;

    /// <summary>Side of the square input picture in pixels: a multiple of 16. Key <c>dataset.preprocessing.crop_size</c>.</summary>
    public int CropSize { get; init; } = 256;

    /// <summary>Channels of the convolutional networks' first stage. The reference fixes 128; key <c>pixel_hidden_channels</c> is ours.</summary>
    public int PixelHiddenChannels { get; init; } = 128;

    /// <summary>
    /// Normalisation groups in the convolutional networks, a divisor of <see cref="PixelHiddenChannels"/>. The reference fixes 32; key
    /// <c>pixel_norm_groups</c> is ours. Fewer than two channels a group make a network that hardly learns the brightness of a picture.
    /// </summary>
    public int PixelNormGroups { get; init; } = 32;

    /// <summary>Features of an image token, D: the width of the encoder.</summary>
    public int EncoderWidth => Tokenizer.VitDimensions.Of(EncoderSize).Width;

    /// <summary>Side of a decoded picture in pixels, S: the crop size where <c>vit_dec_patch_size</c> is 16.</summary>
    public int ImageSize => CropSize / DecoderPatchSize * 16;
}
