using System.Text.Json.Nodes;
using ResTok.Models.Checkpoints;
using ResTok.Models.Tokenizer.Networks;

namespace ResTok.Models;

/// <summary>
/// The configuration of a tokenizer: the <c>model.vq_model</c> section of the reference configuration, with
/// <c>dataset.preprocessing.crop_size</c>. Defaults are those of the reference code where a key is absent, and of the official
/// <c>restok_l_128</c> configuration where the key is required there.
/// </summary>
public sealed record TokenizerConfig : IModelConfig<TokenizerConfig>
{
    private const string FileSection = "model.vq_model";

    private readonly int? minTokens;
    private readonly int? testTokens;

    /// <summary>Entries in the codebook; token ids are 0 to this − 1. Key <c>codebook_size</c>.</summary>
    [ConfigKey("codebook_size", "[2, 16777216]", Required = true)]
    public int CodebookSize { get; init; } = 8192;

    /// <summary>Channels of a latent, C in <c>[B, C, 1, N]</c>. Key <c>token_size</c>.</summary>
    [ConfigKey("token_size", "[1, 4096]", Required = true)]
    public int TokenSize { get; init; } = 8;

    /// <summary>Whether latents and codes are compared on the unit sphere. Key <c>use_l2_norm</c>.</summary>
    [ConfigKey("use_l2_norm")]
    public bool UseL2Norm { get; init; } = true;

    /// <summary>Weight of the commitment loss. Key <c>commitment_cost</c>.</summary>
    [ConfigKey("commitment_cost", "[0, ∞)")]
    public float CommitmentCost { get; init; } = 0.25f;

    /// <summary>Weight of the entropy loss. Key <c>entropy_loss_ratio</c>.</summary>
    [ConfigKey("entropy_loss_ratio", "[0, ∞)")]
    public float EntropyLossRatio { get; init; }

    /// <summary>Size of the encoder's vision transformer. Key <c>vit_enc_model_size</c>.</summary>
    [ConfigKey("vit_enc_model_size", Required = true)]
    public VitSize EncoderSize { get; init; } = VitSize.Large;

    /// <summary>Size of the decoder's vision transformer. Key <c>vit_dec_model_size</c>.</summary>
    [ConfigKey("vit_dec_model_size", Required = true)]
    public VitSize DecoderSize { get; init; } = VitSize.Large;

    /// <summary>Pixels per side of an encoder patch; only 16 can run. Key <c>vit_enc_patch_size</c>.</summary>
    [ConfigKey("vit_enc_patch_size")]
    public int EncoderPatchSize { get; init; } = 16;

    /// <summary>Pixels of the crop per decoder grid cell and side; only 16 gives images of the crop's size. Key <c>vit_dec_patch_size</c>.</summary>
    [ConfigKey("vit_dec_patch_size")]
    public int DecoderPatchSize { get; init; } = 16;

    /// <summary>Base of the rotary position frequencies. Key <c>rope_base_len</c>.</summary>
    [ConfigKey("rope_base_len", "(0, ∞)")]
    public double RopeBase { get; init; } = 10000;

    /// <summary>Latent tokens of an image, N: a power of two. Key <c>num_latent_tokens</c>.</summary>
    [ConfigKey("num_latent_tokens", Required = true)]
    public int LatentTokens { get; init; } = 128;

    /// <summary>Smallest prefix that nested dropout keeps in training; 4, or <see cref="LatentTokens"/> where that is less, unless given. Key <c>num_min_tokens</c>.</summary>
    [ConfigKey("num_min_tokens")]
    public int MinTokens { get => minTokens ?? Math.Min(4, LatentTokens); init => minTokens = value; }

    /// <summary>Tokens used for decoding when none are asked for; all unless given. Key <c>test_num_latent_tokens</c>.</summary>
    [ConfigKey("test_num_latent_tokens")]
    public int TestTokens { get => testTokens ?? LatentTokens; init => testTokens = value; }

    /// <summary>Whether image tokens are merged between encoder stages. Key <c>merge_tokens</c>.</summary>
    [ConfigKey("merge_tokens")]
    public bool MergeTokens { get; init; }

    /// <summary>Encoder stages; a merge ends each but the last. Key <c>hierarchy_stages</c>.</summary>
    [ConfigKey("hierarchy_stages", "[0, 64]")]
    public int HierarchyStages { get; init; } = 4;

    /// <summary>Share of image tokens that a merge drops, in (0, 1). Key <c>reduction_ratio</c>.</summary>
    [ConfigKey("reduction_ratio", "[0, 1)")]
    public double ReductionRatio { get; init; } = 0.5;

    /// <summary>Whether a merge leaves residuals behind. Key <c>residual_image_tokens</c>.</summary>
    [ConfigKey("residual_image_tokens")]
    public bool ResidualImageTokens { get; init; } = true;

    /// <summary>Whether latents are pooled from the residual of coarser latents. Key <c>residual_latent_tokens</c>.</summary>
    [ConfigKey("residual_latent_tokens")]
    public bool ResidualLatentTokens { get; init; } = true;

    /// <summary>Whether latents start from learned vectors and not from pooled image tokens. Key <c>learnable_latent_tokens</c>.</summary>
    [ConfigKey("learnable_latent_tokens")]
    public bool LearnableLatentTokens { get; init; }

    /// <summary>Whether the decoder's image tokens start from a learned vector and not from the latents. Key <c>learnable_dec_image_tokens</c>.</summary>
    [ConfigKey("learnable_dec_image_tokens")]
    public bool LearnableDecoderImageTokens { get; init; } = true;

    /// <summary>Whether every level has projections of its own into and out of the latent space. Key <c>multi_quant</c>.</summary>
    [ConfigKey("multi_quant")]
    public bool MultiQuant { get; init; } = true;

    /// <summary>Whether a convolutional pixel encoder precedes the transformer. Key <c>vae_encoder</c>.</summary>
    [ConfigKey("vae_encoder")]
    public bool PixelEncoder { get; init; }

    /// <summary>Whether initial latents are pooled level by level (2-D) and not in one sequence (1-D). Key <c>latent_hierarchy</c>.</summary>
    [ConfigKey("latent_hierarchy")]
    public bool LatentHierarchy { get; init; } = true;

    /// <summary>Whether training drops fine tokens (nested dropout). Key <c>drop_latent_tokens</c>.</summary>
    [ConfigKey("drop_latent_tokens")]
    public bool DropLatentTokens { get; init; } = true;

    /// <summary>Probability of nested dropout in training, in [0, 1). Key <c>drop_prob</c>.</summary>
    [ConfigKey("drop_prob", "[0, 1)")]
    public double DropProbability { get; init; } = 0.2;

    /// <summary>Side of the square input image in pixels: a multiple of 16. Key <c>dataset.preprocessing.crop_size</c>.</summary>
    [ConfigKey("crop_size", Section = "dataset.preprocessing")]
    public int CropSize { get; init; } = 256;

    /// <summary>Channels of the convolutional networks' first stage. The reference fixes 128; key <c>pixel_hidden_channels</c> is ours.</summary>
    [ConfigKey("pixel_hidden_channels")]
    public int PixelHiddenChannels { get; init; } = 128;

    /// <summary>
    /// Normalisation groups in the convolutional networks, a divisor of <see cref="PixelHiddenChannels"/>. The reference fixes 32; key
    /// <c>pixel_norm_groups</c> is ours. Fewer than two channels a group make a network that hardly learns the brightness of an image.
    /// </summary>
    [ConfigKey("pixel_norm_groups", "[1, ∞)")]
    public int PixelNormGroups { get; init; } = 32;

    /// <summary>Features of an image token, D: the width of the encoder.</summary>
    public int EncoderWidth => VitDimensions.Of(EncoderSize).Width;

    /// <summary>Side of a decoded image in pixels, S: the crop size where <c>vit_dec_patch_size</c> is 16.</summary>
    public int ImageSize => CropSize / DecoderPatchSize * 16;

    /// <summary>Reads the configuration of a saved tokenizer without its weights.</summary>
    /// <param name="path">A folder or weight file as for <see cref="ImageTokenizer.Load(string, TorchSharp.torch.Device?, Precision, TokenizerConfig?)"/>.</param>
    /// <exception cref="CheckpointException">There is no model or no configuration, or it cannot be used.</exception>
    public static TokenizerConfig Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Read(ConfigTree.Read(CheckpointLayout.FindConfig(path)));
    }

    /// <summary>Reads the configuration of a tokenizer from its JSON.</summary>
    /// <param name="json">The official layout's <c>config.json</c>; stays open.</param>
    /// <exception cref="CheckpointException">It is not JSON, or it cannot be used.</exception>
    public static TokenizerConfig Load(Stream json) => Read(ConfigTree.Read(json, "config.json"));

    /// <summary>
    /// Checks that a model with this configuration can be built. Upper limits are far above any model of the paper; they keep a hostile
    /// file from asking for any amount of memory.
    /// </summary>
    /// <exception cref="ArgumentException">A value cannot work; the message names its key, the value and what is allowed.</exception>
    public void Validate()
    {
        ConfigKeys<TokenizerConfig>.CheckRanges(this);
        Require(LatentTokens is >= 2 and <= 512 && int.IsPow2(LatentTokens),
            "num_latent_tokens", LatentTokens, "a power of two from 2 to 512, the counts for which pooling grids exist");
        Require(MinTokens >= 1 && MinTokens <= LatentTokens, "num_min_tokens", MinTokens, $"from 1 to num_latent_tokens ({LatentTokens})");
        Require(TestTokens >= 1 && TestTokens <= LatentTokens, "test_num_latent_tokens", TestTokens, $"from 1 to num_latent_tokens ({LatentTokens})");
        Require(CropSize is >= 16 and <= 1024 && CropSize % 16 == 0, "dataset.preprocessing.crop_size", CropSize, "a multiple of 16 from 16 to 1024");
        Require(EncoderPatchSize == 16, "vit_enc_patch_size", EncoderPatchSize,
            "16: patches are cut by a 16×16 embedding or a 16-fold pixel encoder, whatever this key says");
        Require(DecoderPatchSize >= 1 && CropSize % DecoderPatchSize == 0 && CropSize / DecoderPatchSize <= 128,
            "vit_dec_patch_size", DecoderPatchSize, $"a divisor of the crop size ({CropSize}) that gives a grid of at most 128 × 128");
        Require(PixelHiddenChannels >= PixelNormGroups && PixelHiddenChannels <= 8192 && PixelHiddenChannels % PixelNormGroups == 0,
            "pixel_hidden_channels", PixelHiddenChannels, $"a multiple of {PixelNormGroups}, the number of normalisation groups (pixel_norm_groups), and at most 8192");
    }

    /// <summary>Whether all keys have the same values, given or not.</summary>
    /// <param name="other">Another configuration.</param>
    public bool Equals(TokenizerConfig? other) => ConfigKeys<TokenizerConfig>.AreEqual(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => ConfigKeys<TokenizerConfig>.HashOf(this);

    /// <exception cref="CheckpointException">It is no tokenizer configuration, or a value cannot be used.</exception>
    internal static TokenizerConfig Read(ConfigTree tree)
    {
        if (tree.Section(FileSection) is null)
            throw new CheckpointException(tree.Value("n_layer") is not null
                ? $"{tree.Source} configures a generator, not a tokenizer: it has 'n_layer' and no '{FileSection}'. Give the tokenizer's folder."
                : $"{tree.Source} has no section '{FileSection}', so it is no ResTok tokenizer configuration.");
        var values = new ConfigValues(tree, FileSection + ".");
        if (values.Has("is_legacy") && !values.Flag("is_legacy"))
            throw new CheckpointException($"{tree.Source}: is_legacy: false is not supported. The reference cannot run it either: its decoder then emits RGB pixels into a pixel decoder that expects 256 channels.");
        TokenizerConfig config = ConfigKeys<TokenizerConfig>.Read(new(), tree, FileSection + ".");
        tree.Check(config.Validate);
        return config;
    }

    /// <summary>The official nested JSON layout.</summary>
    internal JsonObject ToJson() => ConfigKeys<TokenizerConfig>.ToJson(this, FileSection);

    private static void Require(bool holds, string key, int value, string allowed) => ConfigKeys<TokenizerConfig>.Require(holds, key, value, allowed);
}
