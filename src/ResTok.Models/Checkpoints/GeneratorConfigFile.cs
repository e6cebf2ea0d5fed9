using System.Text.Json;
using System.Text.Json.Nodes;

namespace ResTok.Models.Checkpoints;

/// <summary>
/// Between configuration files and <see cref="GeneratorConfig"/>: the flat <c>ModelArgs</c> record of the hub and the nested
/// <c>model.generator</c> section of training.
/// </summary>
internal static class GeneratorConfigFile
{
    private const string Section = "model.generator";

    private static readonly Dictionary<string, GeneratorSize> Sizes = new(StringComparer.Ordinal)
    {
        ["GPT-B"] = GeneratorSize.B,
        ["GPT-L"] = GeneratorSize.L,
        ["GPT-XL"] = GeneratorSize.XL,
        ["GPT-XXL"] = GeneratorSize.XXL,
        ["GPT-XXXL"] = GeneratorSize.XXXL,
        ["GPT-1B"] = GeneratorSize.Billion1,
        ["GPT-3B"] = GeneratorSize.Billion3,
        ["GPT-7B"] = GeneratorSize.Billion7,
    };

    /// <param name="tree">The configuration.</param>
    /// <param name="classNames">A file with the names of the classes, which need not be there.</param>
    /// <exception cref="CheckpointException">It is no generator configuration, or a value cannot be used.</exception>
    public static GeneratorConfig Read(ConfigTree tree, string? classNames = null)
    {
        GeneratorConfig config;
        if (tree.Section(Section) is not null)
            config = ReadNested(new ConfigValues(tree, Section + "."));
        else if (tree.Value("n_layer") is not null)
            config = ReadFlat(new ConfigValues(tree, ""));
        else
            throw new CheckpointException($"{tree.Source} is no generator configuration: it has neither 'n_layer' nor a section '{Section}'."
                + (tree.Section("model.vq_model") is null ? "" : " It configures a tokenizer: give the generator's folder."));
        config = config with { ClassNames = ClassNamesFile.Read(tree, classNames) };
        tree.Check(config.Validate);
        return config;
    }

    /// <summary>Writes the flat JSON layout of the hub.</summary>
    public static void Write(GeneratorConfig config, Stream stream)
    {
        var root = new JsonObject
        {
            ["dim"] = config.Width,
            ["n_layer"] = config.Layers,
            ["n_head"] = config.Heads,
            ["n_kv_head"] = config.KeyValueHeads,
            ["multiple_of"] = config.MultipleOf,
            ["ffn_dim_multiplier"] = config.FfnMultiplier,
            ["rope_base"] = config.RopeBase,
            ["norm_eps"] = config.NormEpsilon,
            ["initializer_range"] = config.InitializerRange,
            ["token_dropout_p"] = config.TokenDropout,
            ["attn_dropout_p"] = config.AttentionDropout,
            ["resid_dropout_p"] = config.ResidualDropout,
            ["ffn_dropout_p"] = config.FfnDropout,
            ["drop_path_rate"] = config.DropPathRate,
            ["num_classes"] = config.Classes,
            ["caption_dim"] = 2048, // of text-conditional models; the reference's record has it always
            ["class_dropout_prob"] = config.ClassDropout,
            ["model_type"] = "c2i",
            ["vocab_size"] = config.CodebookSize,
            ["cls_token_num"] = 1,
            ["block_size"] = config.Tokens,
            ["max_batch_size"] = 32,
            ["max_seq_len"] = 2048,
        };
        if (config.Hierarchical)
        {
            root["ar_token_num"] = config.AutoregressiveTokens;
            root["spe_token_num"] = config.SpecialTokens;
        }
        else
        {
            root["har"] = false;
        }
        if (config.ClassNames is { } names)
            root["id2label"] = ClassNamesFile.Write(names);
        using var writer = new Utf8JsonWriter(stream, new() { Indented = true });
        root.WriteTo(writer);
    }

    private static GeneratorConfig ReadFlat(ConfigValues values)
    {
        var absent = new GeneratorConfig(); // where the reference's record differs, its value stands below
        CheckCondition(values, "model_type");
        return new()
        {
            Width = values.Integer("dim"),
            Layers = values.Integer("n_layer"),
            Heads = values.Integer("n_head"),
            KeyValueHeads = values.Has("n_kv_head") ? values.Integer("n_kv_head") : null,
            MultipleOf = values.Integer("multiple_of", absent.MultipleOf),
            FfnMultiplier = values.Has("ffn_dim_multiplier") ? values.Number("ffn_dim_multiplier") : null,
            RopeBase = values.Number("rope_base", absent.RopeBase),
            NormEpsilon = values.Number("norm_eps", absent.NormEpsilon),
            InitializerRange = values.Number("initializer_range", absent.InitializerRange),
            TokenDropout = values.Number("token_dropout_p", absent.TokenDropout),
            AttentionDropout = values.Number("attn_dropout_p", absent.AttentionDropout),
            ResidualDropout = values.Number("resid_dropout_p", absent.ResidualDropout),
            FfnDropout = values.Number("ffn_dropout_p", absent.FfnDropout),
            DropPathRate = values.Number("drop_path_rate", absent.DropPathRate),
            Classes = values.Integer("num_classes", absent.Classes),
            ClassDropout = values.Number("class_dropout_prob", absent.ClassDropout),
            CodebookSize = values.Integer("vocab_size", 16384),
            Tokens = values.Integer("block_size", 256),
            Hierarchical = values.Flag("har", values.Has("ar_token_num")),
            AutoregressiveTokens = values.Integer("ar_token_num", absent.AutoregressiveTokens),
            SpecialTokens = values.Integer("spe_token_num", absent.SpecialTokens),
        };
    }

    private static GeneratorConfig ReadNested(ConfigValues values)
    {
        CheckCondition(values, "gpt_type");
        if (!Sizes.TryGetValue(values.Text("model_type"), out GeneratorSize size))
            throw values.Fault("model_type", "one of " + string.Join(", ", Sizes.Keys));
        GeneratorConfig absent = GeneratorConfig.Of(size);
        double dropPath = values.Number("drop_path_rate", absent.DropPathRate);
        double dropout = dropPath > 0 ? 0 : values.Number("dropout_p", absent.ResidualDropout); // as the reference: one or the other
        return absent with
        {
            CodebookSize = values.Integer("vocab_size"),
            Tokens = values.Integer("block_size"),
            Classes = values.Integer("num_classes"),
            ResidualDropout = dropout,
            FfnDropout = dropout,
            DropPathRate = dropPath,
            TokenDropout = values.Number("token_dropout_p", absent.TokenDropout),
            Hierarchical = values.Flag("har", false),
            AutoregressiveTokens = values.Integer("ar_token_num", absent.AutoregressiveTokens),
            SpecialTokens = values.Integer("spe_token_num", absent.SpecialTokens),
        };
    }

    private static void CheckCondition(ConfigValues values, string key)
    {
        if (values.Text(key, "c2i") != "c2i")
            throw values.Fault(key, "c2i (class-conditional); the reference's text-conditional models cannot generate hierarchically either");
        if (values.Integer("cls_token_num", 1) != 1)
            throw values.Fault("cls_token_num", "1, as a class is one token");
    }
}
