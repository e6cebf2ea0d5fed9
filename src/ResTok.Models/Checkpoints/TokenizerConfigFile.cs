using System.Text.Json.Nodes;

namespace ResTok.Models.Checkpoints;

/// <summary>Between configuration files and <see cref="TokenizerConfig"/>: the official JSON and YAML layouts.</summary>
internal static class TokenizerConfigFile
{
    private const string Model = "model.vq_model";
    private const string CropSize = "dataset.preprocessing.crop_size";

    /// <exception cref="CheckpointException">It is no tokenizer configuration, or a value cannot be used.</exception>
    public static TokenizerConfig Read(ConfigTree tree)
    {
        string source = tree.Source;
        if (tree.Section(Model) is null)
            throw new CheckpointException(tree.Value("n_layer") is not null
                ? $"{source} configures a generator, not a tokenizer: it has 'n_layer' and no '{Model}'. Give the tokenizer's folder."
                : $"{source} has no section '{Model}', so it is no ResTok tokenizer configuration.");
        var values = new ConfigValues(tree, Model + ".");
        if (!values.Flag("is_legacy", true))
            throw new CheckpointException($"{source}: is_legacy: false is not supported. The reference cannot run it either: its decoder then emits RGB pixels into a pixel decoder that expects 256 channels.");
        var defaults = new TokenizerConfig();
        int latentTokens = values.Integer("num_latent_tokens");
        var config = new TokenizerConfig
        {
            CodebookSize = values.Integer("codebook_size"),
            TokenSize = values.Integer("token_size"),
            UseL2Norm = values.Flag("use_l2_norm", defaults.UseL2Norm),
            CommitmentCost = (float)values.Number("commitment_cost", defaults.CommitmentCost),
            EntropyLossRatio = (float)values.Number("entropy_loss_ratio", defaults.EntropyLossRatio),
            EncoderSize = values.OneOf<VitSize>("vit_enc_model_size"),
            DecoderSize = values.OneOf<VitSize>("vit_dec_model_size"),
            EncoderPatchSize = values.Integer("vit_enc_patch_size", defaults.EncoderPatchSize),
            DecoderPatchSize = values.Integer("vit_dec_patch_size", defaults.DecoderPatchSize),
            RopeBase = values.Number("rope_base_len", defaults.RopeBase),
            LatentTokens = latentTokens,
            MinTokens = values.Integer("num_min_tokens", Math.Min(defaults.MinTokens, latentTokens)),
            TestTokens = values.Integer("test_num_latent_tokens", latentTokens),
            MergeTokens = values.Flag("merge_tokens", defaults.MergeTokens),
            HierarchyStages = values.Integer("hierarchy_stages", defaults.HierarchyStages),
            ReductionRatio = values.Number("reduction_ratio", defaults.ReductionRatio),
            ResidualImageTokens = values.Flag("residual_image_tokens", defaults.ResidualImageTokens),
            ResidualLatentTokens = values.Flag("residual_latent_tokens", defaults.ResidualLatentTokens),
            LearnableLatentTokens = values.Flag("learnable_latent_tokens", defaults.LearnableLatentTokens),
            LearnableDecoderImageTokens = values.Flag("learnable_dec_image_tokens", defaults.LearnableDecoderImageTokens),
            MultiQuant = values.Flag("multi_quant", defaults.MultiQuant),
            PixelEncoder = values.Flag("vae_encoder", defaults.PixelEncoder),
            LatentHierarchy = values.Flag("latent_hierarchy", defaults.LatentHierarchy),
            DropLatentTokens = values.Flag("drop_latent_tokens", defaults.DropLatentTokens),
            DropProbability = values.Number("drop_prob", defaults.DropProbability),
            PixelHiddenChannels = values.Integer("pixel_hidden_channels", defaults.PixelHiddenChannels),
            PixelNormGroups = values.Integer("pixel_norm_groups", defaults.PixelNormGroups),
            CropSize = new ConfigValues(tree, "").Integer(CropSize, defaults.CropSize),
        };
        tree.Check(config.Validate);
        return config;
    }

    /// <summary>Writes the official nested JSON layout.</summary>
    public static void Write(TokenizerConfig config, Stream stream)
    {
        var root = new JsonObject
        {
            ["model"] = new JsonObject
            {
                ["vq_model"] = new JsonObject
                {
                    ["codebook_size"] = config.CodebookSize,
                    ["token_size"] = config.TokenSize,
                    ["use_l2_norm"] = config.UseL2Norm,
                    ["commitment_cost"] = config.CommitmentCost,
                    ["entropy_loss_ratio"] = config.EntropyLossRatio,
                    ["vit_enc_model_size"] = ConfigValues.NameOf(config.EncoderSize),
                    ["vit_dec_model_size"] = ConfigValues.NameOf(config.DecoderSize),
                    ["vit_enc_patch_size"] = config.EncoderPatchSize,
                    ["vit_dec_patch_size"] = config.DecoderPatchSize,
                    ["rope_base_len"] = config.RopeBase,
                    ["num_latent_tokens"] = config.LatentTokens,
                    ["num_min_tokens"] = config.MinTokens,
                    ["test_num_latent_tokens"] = config.TestTokens,
                    ["merge_tokens"] = config.MergeTokens,
                    ["hierarchy_stages"] = config.HierarchyStages,
                    ["reduction_ratio"] = config.ReductionRatio,
                    ["residual_image_tokens"] = config.ResidualImageTokens,
                    ["residual_latent_tokens"] = config.ResidualLatentTokens,
                    ["learnable_latent_tokens"] = config.LearnableLatentTokens,
                    ["learnable_dec_image_tokens"] = config.LearnableDecoderImageTokens,
                    ["multi_quant"] = config.MultiQuant,
                    ["vae_encoder"] = config.PixelEncoder,
                    ["latent_hierarchy"] = config.LatentHierarchy,
                    ["drop_latent_tokens"] = config.DropLatentTokens,
                    ["drop_prob"] = config.DropProbability,
                    ["pixel_hidden_channels"] = config.PixelHiddenChannels,
                    ["pixel_norm_groups"] = config.PixelNormGroups,
                },
            },
            ["dataset"] = new JsonObject { ["preprocessing"] = new JsonObject { ["crop_size"] = config.CropSize } },
        };
        using var writer = new System.Text.Json.Utf8JsonWriter(stream, new() { Indented = true });
        root.WriteTo(writer);
    }
}
