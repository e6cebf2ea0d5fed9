using System.Globalization;
using System.Text.Json.Nodes;

namespace ResTok.Models.Checkpoints;

/// <summary>Between configuration files and <see cref="TokenizerConfig"/>: the official JSON and YAML layouts.</summary>
internal static class ConfigReader
{
    private const string Model = "model.vq_model";
    private const string CropSize = "dataset.preprocessing.crop_size";

    /// <exception cref="CheckpointException">The file is no tokenizer configuration, or a value cannot be used.</exception>
    public static TokenizerConfig ReadTokenizer(string path)
    {
        using StreamReader reader = File.OpenText(path);
        return ReadTokenizer(reader, path, yaml: !path.EndsWith(".json", StringComparison.OrdinalIgnoreCase));
    }

    public static TokenizerConfig ReadTokenizer(TextReader reader, string source, bool yaml)
    {
        ConfigTree tree = ConfigTree.Read(reader, source, yaml);
        if (tree.Section(Model) is null)
            throw new CheckpointException(tree.Value("n_layer") is not null
                ? $"{source} configures a generator, not a tokenizer: it has 'n_layer' and no '{Model}'. Give the tokenizer's folder."
                : $"{source} has no section '{Model}', so it is no ResTok tokenizer configuration.");
        var values = new Values(tree, Model + ".");
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
            EncoderSize = values.Size("vit_enc_model_size"),
            DecoderSize = values.Size("vit_dec_model_size"),
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
            CropSize = new Values(tree, "").Integer(CropSize, defaults.CropSize),
        };
        try
        {
            config.Validate();
        }
        catch (ArgumentException fault)
        {
            throw new CheckpointException($"{source}: {fault.Message}", fault);
        }
        return config;
    }

    /// <summary>Writes the official nested JSON layout.</summary>
    public static void WriteTokenizer(TokenizerConfig config, Stream stream)
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
                    ["vit_enc_model_size"] = Name(config.EncoderSize),
                    ["vit_dec_model_size"] = Name(config.DecoderSize),
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
                },
            },
            ["dataset"] = new JsonObject { ["preprocessing"] = new JsonObject { ["crop_size"] = config.CropSize } },
        };
        using var writer = new System.Text.Json.Utf8JsonWriter(stream, new() { Indented = true });
        root.WriteTo(writer);
    }

    private static string Name(VitSize size) => size.ToString().ToLowerInvariant();

    private readonly struct Values(ConfigTree tree, string prefix)
    {
        public int Integer(string key, int? absent = null) => Number(key, absent) is var value && value == Math.Floor(value) && Math.Abs(value) <= int.MaxValue
            ? (int)value
            : throw Fault(key, "an integer");

        public double Number(string key, double? absent = null) => tree.Value(prefix + key) switch
        {
            null => absent ?? throw Fault(key, "given"),
            JsonValue value when value.TryGetValue(out double number) => number,
            JsonValue value when value.TryGetValue(out long integer) => integer,
            JsonValue value when value.TryGetValue(out string? text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => number,
            _ => throw Fault(key, "a number"),
        };

        public bool Flag(string key, bool absent) => tree.Value(prefix + key) switch
        {
            null => absent,
            JsonValue value when value.TryGetValue(out bool flag) => flag,
            _ => throw Fault(key, "true or false"),
        };

        public VitSize Size(string key)
        {
            string? text = tree.Value(prefix + key) is JsonValue value && value.TryGetValue(out string? name) ? name : null;
            foreach (VitSize size in Enum.GetValues<VitSize>())
            {
                if (Name(size) == text)
                    return size;
            }
            throw Fault(key, "one of " + string.Join(", ", Enum.GetValues<VitSize>().Select(Name)));
        }

        private CheckpointException Fault(string key, string wanted) =>
            new($"{tree.Source}: key '{prefix}{key}' must be {wanted}, but is {tree.Value(prefix + key)?.ToJsonString() ?? "absent"}.");
    }
}
