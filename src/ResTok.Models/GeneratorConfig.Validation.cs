namespace ResTok.Models;

public sealed partial record GeneratorConfig
{
    /// <summary>
    /// Checks that a model with this configuration can be built. Upper limits are far above any model of the paper; they keep a hostile
    /// file from asking for any amount of memory.
    /// </summary>
    /// <exception cref="ArgumentException">A value cannot work; the message names its key, the value and what is allowed.</exception>
    public void Validate()
    {
        Require(Layers is >= 1 and <= 1024, "n_layer", Layers, "from 1 to 1024");
        Require(Heads >= 1, "n_head", Heads, "at least 1");
        Require(Width is >= 2 and <= 65536 && Width % Heads == 0 && Width / Heads % 2 == 0, "dim", Width, $"an even multiple of n_head ({Heads}) and at most 65536");
        Require(KeyValueHeads is null or >= 1 && Heads % (KeyValueHeads ?? Heads) == 0, "n_kv_head", KeyValueHeads ?? 0, $"a divisor of n_head ({Heads})");
        Require(MultipleOf is >= 1 and <= 65536, "multiple_of", MultipleOf, "from 1 to 65536");
        Require(FfnMultiplier is null or > 0 and <= 64, "ffn_dim_multiplier", FfnMultiplier ?? 0, "more than 0 and at most 64");
        Require(RopeBase > 0 && double.IsFinite(RopeBase), "rope_base", RopeBase, "more than 0");
        Require(NormEpsilon > 0 && double.IsFinite(NormEpsilon), "norm_eps", NormEpsilon, "more than 0");
        Require(InitializerRange >= 0 && double.IsFinite(InitializerRange), "initializer_range", InitializerRange, "0 or more");
        foreach ((string key, double value) in new[]
        {
            ("token_dropout_p", TokenDropout), ("attn_dropout_p", AttentionDropout), ("resid_dropout_p", ResidualDropout),
            ("ffn_dropout_p", FfnDropout), ("drop_path_rate", DropPathRate), ("class_dropout_prob", ClassDropout),
        })
            Require(value is >= 0 and < 1, key, value, "at least 0 and less than 1");
        Require(Classes is >= 1 and <= 1 << 24, "num_classes", Classes, "from 1 to 16777216");
        Require(ClassNames is null || ClassNames.Count <= Classes, "id2label", $"a list of {ClassNames?.Count} names", $"of at most num_classes ({Classes})");
        Require(CodebookSize is >= 2 and <= 1 << 24, "vocab_size", CodebookSize, "from 2 to 16777216");
        Require(Tokens is >= 2 and <= 512 && int.IsPow2(Tokens), "block_size", Tokens, "a power of two from 2 to 512, the counts that divide into levels");
        if (!Hierarchical)
            return;
        Require(AutoregressiveTokens >= 1 && AutoregressiveTokens <= Tokens && int.IsPow2(AutoregressiveTokens),
            "ar_token_num", AutoregressiveTokens, $"a power of two from 1 to block_size ({Tokens}), where a level ends");
        int needed = AutoregressiveTokens == Tokens ? 0 : Tokens / 2 - 1;
        Require(SpecialTokens >= Math.Max(1, needed) && SpecialTokens <= 1 << 24, "spe_token_num", SpecialTokens, $"at least {Math.Max(1, needed)} for block_size {Tokens}, and at most 16777216");
    }

    private static void Require(bool holds, string key, object value, string allowed)
    {
        if (!holds)
            throw new ArgumentException(FormattableString.Invariant($"Configuration key '{key}' is {value}, but must be {allowed}."));
    }
}
