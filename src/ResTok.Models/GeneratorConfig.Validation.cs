namespace ResTok.Models;

public sealed partial record GeneratorConfig
{
    /// <summary>Checks that a model with this configuration can be built.</summary>
    /// <exception cref="ArgumentException">A value cannot work; the message names its key, the value and what is allowed.</exception>
    public void Validate()
    {
        Require(Layers >= 1, "n_layer", Layers, "at least 1");
        Require(Heads >= 1, "n_head", Heads, "at least 1");
        Require(Width >= 2 && Width % Heads == 0 && Width / Heads % 2 == 0, "dim", Width, $"an even multiple of n_head ({Heads})");
        Require(KeyValueHeads is null or >= 1 && Heads % (KeyValueHeads ?? Heads) == 0, "n_kv_head", KeyValueHeads ?? 0, $"a divisor of n_head ({Heads})");
        Require(MultipleOf >= 1, "multiple_of", MultipleOf, "at least 1");
        Require(FfnMultiplier is null or > 0 and <= 64, "ffn_dim_multiplier", FfnMultiplier ?? 0, "more than 0 and at most 64");
        Require(RopeBase > 0, "rope_base", RopeBase, "more than 0");
        Require(NormEpsilon > 0, "norm_eps", NormEpsilon, "more than 0");
        Require(InitializerRange >= 0, "initializer_range", InitializerRange, "0 or more");
        foreach ((string key, double value) in new[]
        {
            ("token_dropout_p", TokenDropout), ("attn_dropout_p", AttentionDropout), ("resid_dropout_p", ResidualDropout),
            ("ffn_dropout_p", FfnDropout), ("drop_path_rate", DropPathRate), ("class_dropout_prob", ClassDropout),
        })
            Require(value is >= 0 and < 1, key, value, "at least 0 and less than 1");
        Require(Classes >= 1, "num_classes", Classes, "at least 1");
        Require(CodebookSize >= 2, "vocab_size", CodebookSize, "at least 2");
        Require(Tokens is >= 2 and <= 512 && int.IsPow2(Tokens), "block_size", Tokens, "a power of two from 2 to 512, the counts that divide into levels");
        if (!Hierarchical)
            return;
        Require(AutoregressiveTokens >= 1 && AutoregressiveTokens <= Tokens && int.IsPow2(AutoregressiveTokens),
            "ar_token_num", AutoregressiveTokens, $"a power of two from 1 to block_size ({Tokens}), where a level ends");
        int needed = AutoregressiveTokens == Tokens ? 0 : Tokens / 2 - 1;
        Require(SpecialTokens >= Math.Max(1, needed), "spe_token_num", SpecialTokens, $"at least {Math.Max(1, needed)} for block_size {Tokens}");
    }

    private static void Require(bool holds, string key, object value, string allowed)
    {
        if (!holds)
            throw new ArgumentException(FormattableString.Invariant($"Configuration key '{key}' is {value}, but must be {allowed}."));
    }
}
