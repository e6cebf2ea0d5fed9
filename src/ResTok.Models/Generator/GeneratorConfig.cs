using System.Text.Json.Nodes;
using ResTok.Models.Checkpoints;

namespace ResTok.Models;

/// <summary>
/// The configuration of a generator: the reference's <c>ModelArgs</c>, whose names are the keys given here. Defaults are those of the
/// official <c>llamagen_l_c2i_restok_l_128</c>.
/// </summary>
public sealed record GeneratorConfig : IModelConfig<GeneratorConfig>
{
    private const string TrainingSection = "model.generator";
    private const int OfficialSpecialTokens = 127; // what a file without the key means

    private static readonly (string Name, GeneratorSize Size, int Layers, int Heads, int Width)[] Sizes =
    [
        ("GPT-B", GeneratorSize.B, 12, 12, 768), ("GPT-L", GeneratorSize.L, 24, 16, 1024), ("GPT-XL", GeneratorSize.XL, 36, 20, 1280),
        ("GPT-XXL", GeneratorSize.XXL, 48, 24, 1536), ("GPT-XXXL", GeneratorSize.XXXL, 48, 40, 2560),
        ("GPT-1B", GeneratorSize.Billion1, 22, 32, 2048), ("GPT-3B", GeneratorSize.Billion3, 24, 32, 3200), ("GPT-7B", GeneratorSize.Billion7, 32, 32, 4096),
    ];

    private readonly int? classes;
    private readonly int? specialTokens;

    /// <summary>Features of a token. Key <c>dim</c>.</summary>
    [ConfigKey("dim", Required = true)]
    public int Width { get; init; } = 1024;

    /// <summary>Transformer blocks. Key <c>n_layer</c>.</summary>
    [ConfigKey("n_layer", "[1, 1024]", Required = true)]
    public int Layers { get; init; } = 24;

    /// <summary>Attention heads; must divide <see cref="Width"/> into an even number of features. Key <c>n_head</c>.</summary>
    [ConfigKey("n_head", "[1, ∞)", Required = true)]
    public int Heads { get; init; } = 16;

    /// <summary>
    /// Heads of keys and values for grouped-query attention; must divide <see cref="Heads"/>; null for as many. Key <c>n_kv_head</c>.
    /// </summary>
    [ConfigKey("n_kv_head")]
    public int? KeyValueHeads { get; init; }

    /// <summary>The feed-forward width is rounded up to a multiple of this. Key <c>multiple_of</c>.</summary>
    [ConfigKey("multiple_of", "[1, 65536]")]
    public int MultipleOf { get; init; } = 256;

    /// <summary>Factor on the feed-forward width of ⅔ · 4 · <see cref="Width"/>; null for none. Key <c>ffn_dim_multiplier</c>.</summary>
    [ConfigKey("ffn_dim_multiplier", "(0, 64]")]
    public double? FfnMultiplier { get; init; }

    /// <summary>Base of the rotary position frequencies. Key <c>rope_base</c>.</summary>
    [ConfigKey("rope_base", "(0, ∞)")]
    public double RopeBase { get; init; } = 10000;

    /// <summary>Epsilon of the root-mean-square norms. Key <c>norm_eps</c>.</summary>
    [ConfigKey("norm_eps", "(0, ∞)")]
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>Standard deviation of fresh weights. Key <c>initializer_range</c>.</summary>
    [ConfigKey("initializer_range", "[0, ∞)")]
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Dropout of embedded tokens in training, in [0, 1). Key <c>token_dropout_p</c>.</summary>
    [ConfigKey("token_dropout_p", "[0, 1)")]
    public double TokenDropout { get; init; } = 0.1;

    /// <summary>Dropout of attention weights in training, in [0, 1). Key <c>attn_dropout_p</c>.</summary>
    [ConfigKey("attn_dropout_p", "[0, 1)")]
    public double AttentionDropout { get; init; }

    /// <summary>Dropout of the attention's output in training, in [0, 1). Key <c>resid_dropout_p</c>.</summary>
    [ConfigKey("resid_dropout_p", "[0, 1)")]
    public double ResidualDropout { get; init; } = 0.1;

    /// <summary>Dropout of the feed-forward output in training, in [0, 1). Key <c>ffn_dropout_p</c>.</summary>
    [ConfigKey("ffn_dropout_p", "[0, 1)")]
    public double FfnDropout { get; init; } = 0.1;

    /// <summary>Stochastic depth of the last block in training, in [0, 1); earlier blocks have proportionally less. Key <c>drop_path_rate</c>.</summary>
    [ConfigKey("drop_path_rate", "[0, 1)")]
    public double DropPathRate { get; init; }

    /// <summary>Classes; labels are 0 to this − 1. As many as <see cref="ClassNames"/>, or else 1000, unless given. Key <c>num_classes</c>.</summary>
    [ConfigKey("num_classes", "[1, 16777216]")]
    public int Classes { get => classes ?? ClassNames?.Count ?? 1000; init => classes = value; }

    /// <summary>
    /// What the classes are, where it is known; at most <see cref="Classes"/> names. Key <c>id2label</c>, as Hugging Face has it; where
    /// it is missing, the lines of a file <c>classes.txt</c> beside the configuration.
    /// </summary>
    [ConfigKey("id2label")]
    public ClassNames? ClassNames { get; init; }

    /// <summary>
    /// Probability that training hides a label, in [0, 1). At 0 there is no null class and so no classifier-free guidance. Key
    /// <c>class_dropout_prob</c>.
    /// </summary>
    [ConfigKey("class_dropout_prob", "[0, 1)")]
    public double ClassDropout { get; init; } = 0.1;

    /// <summary>Entries of the tokenizer's codebook; token ids are 0 to this − 1. Key <c>vocab_size</c>.</summary>
    [ConfigKey("vocab_size", "[2, 16777216]")]
    public int CodebookSize { get; init; } = 8192;

    /// <summary>Tokens of an image, N: a power of two. Key <c>block_size</c>.</summary>
    [ConfigKey("block_size")]
    public int Tokens { get; init; } = 128;

    /// <summary>
    /// Whether levels are generated at once (hierarchical autoregression, HAR; arXiv 2601.03955, section 3.4) and not token by
    /// token (LlamaGen). Key <c>har</c>; where it is missing, whether <c>ar_token_num</c> is there.
    /// </summary>
    [ConfigKey("har")]
    public bool Hierarchical { get; init; } = true;

    /// <summary>
    /// With HAR, how many leading tokens are generated one by one: 1, 2, 4, … N, the ends of levels. Key <c>ar_token_num</c>.
    /// </summary>
    [ConfigKey("ar_token_num")]
    public int AutoregressiveTokens { get; init; } = 4;

    /// <summary>With HAR, learned vectors that stand in for tokens not known yet, at least N/2 − 1; N − 1, as officially, unless given. Key <c>spe_token_num</c>.</summary>
    [ConfigKey("spe_token_num")]
    public int SpecialTokens { get => specialTokens ?? Tokens - 1; init => specialTokens = value; }

    /// <summary>A configuration of an official size, otherwise with the defaults.</summary>
    /// <param name="size">The size.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such size.</exception>
    public static GeneratorConfig Of(GeneratorSize size)
    {
        int index = Array.FindIndex(Sizes, known => known.Size == size);
        if (index < 0)
            throw new ArgumentOutOfRangeException(nameof(size), size, "There is no such generator size.");
        (_, _, int layers, int heads, int width) = Sizes[index];
        return new() { Layers = layers, Heads = heads, Width = width };
    }

    /// <summary>Passes of the network that generate a whole image: 9 officially, N token by token.</summary>
    public int Passes => Hierarchical
        ? AutoregressiveTokens + int.Log2(Tokens) - int.Log2(AutoregressiveTokens)
        : Tokens;

    /// <summary>The reference's name of the size, such as GPT-L; null where it is none of its sizes.</summary>
    internal string? SizeName => Sizes.FirstOrDefault(size => (size.Layers, size.Heads, size.Width) == (Layers, Heads, Width)).Name;

    internal int FfnWidth
    {
        get
        {
            int hidden = (int)(2 * (4L * Width) / 3.0);
            if (FfnMultiplier is { } factor)
                hidden = (int)(factor * hidden);
            return (hidden + MultipleOf - 1) / MultipleOf * MultipleOf;
        }
    }

    /// <summary>Reads the configuration of a saved generator without its weights.</summary>
    /// <param name="path">A folder or weight file as for <see cref="ImageGenerator.Load(string, TorchSharp.torch.Device?, Precision, GeneratorConfig?)"/>.</param>
    /// <exception cref="CheckpointException">There is no model or no configuration, or it cannot be used.</exception>
    public static GeneratorConfig Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string file = CheckpointLayout.FindConfig(path);
        return Read(ConfigTree.Read(file), Path.Combine(Path.GetDirectoryName(file)!, ClassNamesFile.Name));
    }

    /// <summary>Reads the configuration of a generator from its JSON.</summary>
    /// <param name="json">The official layout's <c>config.json</c>; stays open.</param>
    /// <exception cref="CheckpointException">It is not JSON, or it cannot be used.</exception>
    public static GeneratorConfig Load(Stream json) => Read(ConfigTree.Read(json, "config.json"));

    /// <summary>
    /// Checks that a model with this configuration can be built. Upper limits are far above any model of the paper; they keep a hostile
    /// file from asking for any amount of memory.
    /// </summary>
    /// <exception cref="ArgumentException">A value cannot work; the message names its key, the value and what is allowed.</exception>
    public void Validate()
    {
        ConfigKeys<GeneratorConfig>.CheckRanges(this);
        Require(Width is >= 2 and <= 65536 && Width % Heads == 0 && Width / Heads % 2 == 0, "dim", Width, $"an even multiple of n_head ({Heads}) and at most 65536");
        Require(KeyValueHeads is null or >= 1 && Heads % (KeyValueHeads ?? Heads) == 0, "n_kv_head", KeyValueHeads ?? 0, $"a divisor of n_head ({Heads})");
        Require(ClassNames is null || ClassNames.Count <= Classes, "id2label", $"a list of {ClassNames?.Count} names", $"of at most num_classes ({Classes})");
        Require(Tokens is >= 2 and <= 512 && int.IsPow2(Tokens), "block_size", Tokens, "a power of two from 2 to 512, the counts that divide into levels");
        if (!Hierarchical)
            return;
        Require(AutoregressiveTokens >= 1 && AutoregressiveTokens <= Tokens && int.IsPow2(AutoregressiveTokens),
            "ar_token_num", AutoregressiveTokens, $"a power of two from 1 to block_size ({Tokens}), where a level ends");
        int needed = Math.Max(1, AutoregressiveTokens == Tokens ? 0 : Tokens / 2 - 1);
        Require(SpecialTokens >= needed && SpecialTokens <= 1 << 24, "spe_token_num", SpecialTokens, $"at least {needed} for block_size {Tokens}, and at most 16777216");
    }

    /// <summary>Whether all keys have the same values, given or not.</summary>
    /// <param name="other">Another configuration.</param>
    public bool Equals(GeneratorConfig? other) => ConfigKeys<GeneratorConfig>.AreEqual(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => ConfigKeys<GeneratorConfig>.HashOf(this);

    /// <summary>Reads the flat <c>ModelArgs</c> record of the hub or the section <c>model.generator</c> of training.</summary>
    /// <remarks>The file with the names of the classes need not be there.</remarks>
    /// <exception cref="CheckpointException">It is no generator configuration, or a value cannot be used.</exception>
    internal static GeneratorConfig Read(ConfigTree tree, string? classNames = null)
    {
        GeneratorConfig config = tree.Section(TrainingSection) is not null ? ReadTraining(tree)
            : tree.Value("n_layer") is not null ? ReadFlat(tree)
            : throw new CheckpointException($"{tree.Source} is no generator configuration: it has neither 'n_layer' nor a section '{TrainingSection}'."
                + (tree.Section("model.vq_model") is null ? "" : " It configures a tokenizer: give the generator's folder."));
        config = config with { ClassNames = ClassNamesFile.Read(tree, classNames) };
        tree.Check(config.Validate);
        return config;
    }

    /// <summary>The flat JSON layout of the hub, with what else the reference's record always has.</summary>
    internal JsonObject ToJson() => ConfigKeys<GeneratorConfig>.ToJson(this, "",
    [
        .. Hierarchical ? new[] { "har" } : ["ar_token_num", "spe_token_num"], .. ClassNames is null ? new[] { "id2label" } : [],
    ], new()
    {
        ["model_type"] = "c2i",
        ["cls_token_num"] = 1,
        ["caption_dim"] = 2048, // of text-conditional models
        ["max_batch_size"] = 32,
        ["max_seq_len"] = 2048,
    });

    private static GeneratorConfig ReadFlat(ConfigTree tree)
    {
        var values = new ConfigValues(tree, "");
        CheckCondition(values, "model_type");
        bool hierarchical = values.Has("har") ? values.Flag("har") : values.Has("ar_token_num");
        // Where the reference's record has other values than ours.
        var absent = new GeneratorConfig { CodebookSize = 16384, Tokens = 256, Hierarchical = hierarchical };
        return ConfigKeys<GeneratorConfig>.Read(hierarchical ? absent with { SpecialTokens = OfficialSpecialTokens } : absent, tree, "");
    }

    private static GeneratorConfig ReadTraining(ConfigTree tree)
    {
        var values = new ConfigValues(tree, TrainingSection + ".");
        CheckCondition(values, "gpt_type");
        string name = values.Text("model_type");
        int index = Array.FindIndex(Sizes, size => size.Name == name);
        if (index < 0)
            throw values.Fault("model_type", "one of " + string.Join(", ", Sizes.Select(size => size.Name)));
        foreach (string required in new[] { "vocab_size", "block_size", "num_classes" })
            _ = values.Integer(required);
        GeneratorConfig absent = Of(Sizes[index].Size);
        double dropout = values.Has("drop_path_rate") && values.Number("drop_path_rate") > 0 ? 0 // as the reference: one or the other
            : values.Has("dropout_p") ? values.Number("dropout_p") : absent.ResidualDropout;
        return ConfigKeys<GeneratorConfig>.Read(
            absent with { ResidualDropout = dropout, FfnDropout = dropout, Hierarchical = false, SpecialTokens = OfficialSpecialTokens }, tree, TrainingSection + ".",
            ["vocab_size", "block_size", "num_classes", "token_dropout_p", "drop_path_rate", "har", "ar_token_num", "spe_token_num"]);
    }

    private static void CheckCondition(ConfigValues values, string key)
    {
        if (values.Has(key) && values.Text(key) != "c2i")
            throw values.Fault(key, "c2i (class-conditional); the reference's text-conditional models cannot generate hierarchically either");
        if (values.Has("cls_token_num") && values.Integer("cls_token_num") != 1)
            throw values.Fault("cls_token_num", "1, as a class is one token");
    }

    private static void Require(bool holds, string key, object value, string allowed) => ConfigKeys<GeneratorConfig>.Require(holds, key, value, allowed);
}
