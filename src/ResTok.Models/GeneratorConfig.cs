namespace ResTok.Models;

/// <summary>
/// The configuration of a generator: the reference's <c>ModelArgs</c>, whose names are the keys given here. Defaults are those of the
/// official <c>llamagen_l_c2i_restok_l_128</c>.
/// </summary>
public sealed partial record GeneratorConfig
{
    /// <summary>Features of a token. Key <c>dim</c>.</summary>
    public int Width { get; init; } = 1024;

    /// <summary>Transformer blocks. Key <c>n_layer</c>.</summary>
    public int Layers { get; init; } = 24;

    /// <summary>Attention heads; must divide <see cref="Width"/> into an even number of features. Key <c>n_head</c>.</summary>
    public int Heads { get; init; } = 16;

    /// <summary>
    /// Heads of keys and values for grouped-query attention; must divide <see cref="Heads"/>; null for as many. Key <c>n_kv_head</c>.
    /// </summary>
    public int? KeyValueHeads { get; init; }

    /// <summary>The feed-forward width is rounded up to a multiple of this. Key <c>multiple_of</c>.</summary>
    public int MultipleOf { get; init; } = 256;

    /// <summary>Factor on the feed-forward width of ⅔ · 4 · <see cref="Width"/>; null for none. Key <c>ffn_dim_multiplier</c>.</summary>
    public double? FfnMultiplier { get; init; }

    /// <summary>Base of the rotary position frequencies. Key <c>rope_base</c>.</summary>
    public double RopeBase { get; init; } = 10000;

    /// <summary>Epsilon of the root-mean-square norms. Key <c>norm_eps</c>.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>Standard deviation of fresh weights. Key <c>initializer_range</c>.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Dropout of embedded tokens in training, in [0, 1). Key <c>token_dropout_p</c>.</summary>
    public double TokenDropout { get; init; } = 0.1;

    /// <summary>Dropout of attention weights in training, in [0, 1). Key <c>attn_dropout_p</c>.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Dropout of the attention's output in training, in [0, 1). Key <c>resid_dropout_p</c>.</summary>
    public double ResidualDropout { get; init; } = 0.1;

    /// <summary>Dropout of the feed-forward output in training, in [0, 1). Key <c>ffn_dropout_p</c>.</summary>
    public double FfnDropout { get; init; } = 0.1;

    /// <summary>Stochastic depth of the last block in training, in [0, 1); earlier blocks have proportionally less. Key <c>drop_path_rate</c>.</summary>
    public double DropPathRate { get; init; }

    /// <summary>Classes; labels are 0 to this − 1. Key <c>num_classes</c>.</summary>
    public int Classes { get; init; } = 1000;

    /// <summary>
    /// What the classes are, where it is known; at most <see cref="Classes"/> names. Key <c>id2label</c>, as Hugging Face has it; where
    /// it is missing, the lines of a file <c>classes.txt</c> beside the configuration.
    /// </summary>
    public ClassNames? ClassNames { get; init; }

    /// <summary>
    /// Probability that training hides a label, in [0, 1). At 0 there is no null class and so no classifier-free guidance. Key
    /// <c>class_dropout_prob</c>.
    /// </summary>
    public double ClassDropout { get; init; } = 0.1;

    /// <summary>Entries of the tokenizer's codebook; token ids are 0 to this − 1. Key <c>vocab_size</c>.</summary>
    public int CodebookSize { get; init; } = 8192;

    /// <summary>Tokens of a picture, N: a power of two. Key <c>block_size</c>.</summary>
    public int Tokens { get; init; } = 128;

    /// <summary>
    /// Whether levels are generated at once (hierarchical autoregression, HAR; arXiv 2601.03955, section 3.4) and not token by
    /// token (LlamaGen). Key <c>har</c>; where it is missing, whether <c>ar_token_num</c> is there.
    /// </summary>
    public bool Hierarchical { get; init; } = true;

    /// <summary>
    /// With HAR, how many leading tokens are generated one by one: 1, 2, 4, … N, the ends of levels. Key <c>ar_token_num</c>.
    /// </summary>
    public int AutoregressiveTokens { get; init; } = 4;

    /// <summary>With HAR, learned vectors that stand in for tokens not known yet; at least N/2 − 1. Key <c>spe_token_num</c>.</summary>
    public int SpecialTokens { get; init; } = 127;

    /// <summary>A configuration of an official size, otherwise with the defaults.</summary>
    /// <param name="size">The size.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such size.</exception>
    public static GeneratorConfig Of(GeneratorSize size)
    {
        (int layers, int heads, int width) = size switch
        {
            GeneratorSize.B => (12, 12, 768),
            GeneratorSize.L => (24, 16, 1024),
            GeneratorSize.XL => (36, 20, 1280),
            GeneratorSize.XXL => (48, 24, 1536),
            GeneratorSize.XXXL => (48, 40, 2560),
            GeneratorSize.Billion1 => (22, 32, 2048),
            GeneratorSize.Billion3 => (24, 32, 3200),
            GeneratorSize.Billion7 => (32, 32, 4096),
            _ => throw new ArgumentOutOfRangeException(nameof(size), size, "There is no such generator size."),
        };
        return new() { Layers = layers, Heads = heads, Width = width };
    }

    /// <summary>Passes of the network that generate a whole picture: 9 officially, N token by token.</summary>
    public int Passes => Hierarchical
        ? AutoregressiveTokens + int.Log2(Tokens) - int.Log2(AutoregressiveTokens)
        : Tokens;

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
}
