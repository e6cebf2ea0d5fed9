namespace ResTok.Models;

public sealed partial record TokenizerConfig
{
    /// <summary>
    /// Checks that a model with this configuration can be built. Upper limits are far above any model of the paper; they keep a hostile
    /// file from asking for any amount of memory.
    /// </summary>
    /// <exception cref="ArgumentException">A value cannot work; the message names its key, the value and what is allowed.</exception>
    public void Validate()
    {
        Require(CodebookSize is >= 2 and <= 1 << 24, "codebook_size", CodebookSize, "from 2 to 16777216");
        Require(TokenSize is >= 1 and <= 4096, "token_size", TokenSize, "from 1 to 4096");
        Require(CommitmentCost >= 0 && float.IsFinite(CommitmentCost), "commitment_cost", CommitmentCost, "0 or more");
        Require(EntropyLossRatio >= 0 && float.IsFinite(EntropyLossRatio), "entropy_loss_ratio", EntropyLossRatio, "0 or more");
        Require(RopeBase > 0 && double.IsFinite(RopeBase), "rope_base_len", RopeBase, "more than 0");
        Require(LatentTokens is >= 2 and <= 512 && int.IsPow2(LatentTokens),
            "num_latent_tokens", LatentTokens, "a power of two from 2 to 512, the counts for which pooling grids exist");
        Require(MinTokens >= 1 && MinTokens <= LatentTokens, "num_min_tokens", MinTokens, $"from 1 to num_latent_tokens ({LatentTokens})");
        Require(TestTokens >= 1 && TestTokens <= LatentTokens, "test_num_latent_tokens", TestTokens, $"from 1 to num_latent_tokens ({LatentTokens})");
        Require(CropSize is >= 16 and <= 1024 && CropSize % 16 == 0, "dataset.preprocessing.crop_size", CropSize, "a multiple of 16 from 16 to 1024");
        Require(EncoderPatchSize == 16, "vit_enc_patch_size", EncoderPatchSize,
            "16: patches are cut by a 16×16 embedding or a 16-fold pixel encoder, whatever this key says");
        Require(DecoderPatchSize >= 1 && CropSize % DecoderPatchSize == 0 && CropSize / DecoderPatchSize <= 128,
            "vit_dec_patch_size", DecoderPatchSize, $"a divisor of the crop size ({CropSize}) that gives a grid of at most 128 × 128");
        Require(HierarchyStages is >= 0 and <= 64, "hierarchy_stages", HierarchyStages, "from 0 to 64");
        Require(ReductionRatio is >= 0 and < 1, "reduction_ratio", ReductionRatio, "at least 0 and less than 1");
        Require(DropProbability is >= 0 and < 1, "drop_prob", DropProbability, "at least 0 and less than 1");
        Require(PixelNormGroups >= 1, "pixel_norm_groups", PixelNormGroups, "at least 1");
        Require(PixelHiddenChannels >= PixelNormGroups && PixelHiddenChannels <= 8192 && PixelHiddenChannels % PixelNormGroups == 0,
            "pixel_hidden_channels", PixelHiddenChannels, $"a multiple of {PixelNormGroups}, the number of normalisation groups (pixel_norm_groups), and at most 8192");
    }

    private static void Require(bool holds, string key, object value, string allowed)
    {
        if (!holds)
            throw new ArgumentException($"Configuration key '{key}' is {value}, but must be {allowed}.");
    }
}
