using ResTok.Models.Tests.Parity;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Tokenizer;

public class ImageTokenizerTests
{
    public static TheoryData<string> Variants => [.. Configs.Keys];

    private static Dictionary<string, TokenizerConfig> Configs { get; } = new()
    {
        ["smallest"] = TinyModels.Tokenizer,
        ["learnable latents"] = TinyModels.Tokenizer with { LearnableLatentTokens = true },
        ["plain codebook"] = TinyModels.Tokenizer with { UseL2Norm = false },
        ["flat latents, one head, patches"] = TinyModels.Tokenizer with { LatentHierarchy = false, MultiQuant = false, PixelEncoder = false },
        ["pooled image tokens, no residuals"] = TinyModels.Tokenizer with
        {
            LearnableDecoderImageTokens = false, ResidualLatentTokens = false, ResidualImageTokens = false,
        },
        ["three stages, a quarter merged"] = TinyModels.GoldenTiny with { CropSize = 256, HierarchyStages = 3, ReductionRatio = 0.25 },
        ["more stages than layers"] = TinyModels.GoldenTiny with { CropSize = 128, HierarchyStages = 5, ReductionRatio = 0.5, LatentTokens = 32, TestTokens = 32 },
        ["entropy loss, wide codes"] = TinyModels.Tokenizer with { EntropyLossRatio = 0.1f, TokenSize = 12 },
    };

    [Theory]
    [MemberData(nameof(Variants))]
    [Trait("Category", "Slow")]
    public void Every_option_encodes_and_decodes(string variant)
    {
        TokenizerConfig config = Configs[variant];
        using var scope = NewDisposeScope();
        using ImageTokenizer tokenizer = ImageTokenizer.Create(config);
        using TokenizerEncoding encoding = tokenizer.Encode(Recipe.Images(2, config.CropSize), EncodingOutputs.Losses);
        Assert.Equal([2, config.LatentTokens], encoding.Tokens.shape);
        Assert.Equal([2, config.TokenSize, 1, config.LatentTokens], encoding.QuantizedLatents.shape);
        Assert.True(float.IsFinite(encoding.Losses!.Value.Total));
        Tensor images = tokenizer.Decode(encoding.Tokens);
        Assert.Equal([2, 3, config.CropSize, config.CropSize], images.shape);
        Assert.True(images.isfinite().all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Variants))]
    [Trait("Category", "Slow")]
    public void Latents_are_the_same_without_image_tokens_and_with_attention_maps(string variant)
    {
        TokenizerConfig config = Configs[variant];
        using var scope = NewDisposeScope();
        using ImageTokenizer tokenizer = new(config, new Recipe("outputs"), null, Precision.Float32);
        Tensor images = Recipe.Images(2, config.CropSize);
        using TokenizerEncoding all = tokenizer.Encode(images, EncodingOutputs.AttentionMaps | EncodingOutputs.ImageTokens);
        using TokenizerEncoding bare = tokenizer.Encode(images);
        Assert.Empty(bare.ImageTokenLevels);
        Assert.NotEmpty(all.ImageTokenLevels);
        Assert.True((all.Latents - bare.Latents).abs().max().item<float>() < 5e-5);
    }

    [Fact]
    public void An_image_has_the_same_tokens_alone_and_in_any_batch()
    {
        using var scope = NewDisposeScope();
        using ImageTokenizer tokenizer = new(TinyModels.Tokenizer, new Recipe("batch"), null, Precision.Float32);
        Tensor images = Recipe.Images(7, 32);
        using TokenizerEncoding together = tokenizer.Encode(images, EncodingOutputs.Margins);
        for (int i = 0; i < 7; i++)
        {
            using TokenizerEncoding alone = tokenizer.Encode(images.narrow(0, i, 1));
            Tensor decided = together.Margins![i] > 1e-4;
            Assert.True((together.Tokens[i] == alone.Tokens[0]).logical_or(decided.logical_not()).all().item<bool>());
        }
    }

    [Fact]
    public void Decoding_a_prefix_ignores_the_tokens_behind_it()
    {
        using var scope = NewDisposeScope();
        using ImageTokenizer tokenizer = new(TinyModels.Tokenizer, new Recipe("prefix"), null, Precision.Float32);
        Tensor tokens = randint(0, 64, [3, 16], dtype: ScalarType.Int64);
        foreach (int count in new[] { 1, 3, 16 })
        {
            Tensor expected = tokenizer.Decode(tokens, count);
            Assert.Equal(0, (expected - tokenizer.Decode(tokens.narrow(1, 0, count))).abs().max().item<float>(), 1e-5);
        }
        Tensor each = tokenizer.Decode(tokens, [1, 5, 16]);
        Assert.Equal(0, (each[1] - tokenizer.Decode(tokens, 5)[1]).abs().max().item<float>(), 1e-5);
        Assert.NotEqual(0, (each[1] - tokenizer.Decode(tokens, 6)[1]).abs().max().item<float>(), 1e-5);
    }

    [Fact]
    public void Attention_maps_are_distributions_that_respect_the_levels()
    {
        using var scope = NewDisposeScope();
        using ImageTokenizer tokenizer = ImageTokenizer.Create(TinyModels.Tokenizer);
        using TokenizerEncoding encoding = tokenizer.Encode(Recipe.Images(1, 32), EncodingOutputs.AttentionMaps);
        Assert.Equal(4, encoding.AttentionMaps!.Count);
        Assert.Equal([1, 4 + 16, 4 + 16], encoding.AttentionMaps[0].shape);
        Assert.Equal([1, 2 + 4 + 16, 2 + 4 + 16], encoding.AttentionMaps[^1].shape);
        foreach (Tensor map in encoding.AttentionMaps)
            Assert.Equal(0, (map.sum(-1) - 1).abs().max().item<float>(), 1e-5);
        Assert.Equal(0, encoding.AttentionMaps[0][0, 0, 4].item<float>()); // an image token never sees a latent

        (Tensor images, IReadOnlyList<Tensor> maps) = tokenizer.DecodeWithAttention(encoding.Tokens);
        Assert.Equal([1, 3, 32, 32], images.shape);
        Assert.Equal([1, 16 + 4, 16 + 4], maps[0].shape);
        images.Dispose();
        foreach (Tensor map in maps)
            map.Dispose();
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void BFloat16_agrees_with_float32_on_most_tokens()
    {
        using var scope = NewDisposeScope();
        using ImageTokenizer exact = new(TinyModels.Tokenizer, new Recipe("bf16"), null, Precision.Float32);
        using ImageTokenizer rounded = new(TinyModels.Tokenizer, new Recipe("bf16"), null, Precision.BFloat16);
        using TokenizerEncoding expected = exact.Encode(Recipe.Images(4, 32));
        using TokenizerEncoding actual = rounded.Encode(Recipe.Images(4, 32));
        Assert.InRange((expected.Tokens == actual.Tokens).to(ScalarType.Float32).mean().item<float>(), 0.5f, 1f);
        Assert.InRange((exact.Decode(expected.Tokens) - rounded.Decode(expected.Tokens)).abs().mean().item<float>(), 0f, 0.05f);
    }

    [Fact]
    public void The_same_seed_gives_the_same_model()
    {
        using ImageTokenizer a = ImageTokenizer.Create(TinyModels.Tokenizer, seed: 3), b = ImageTokenizer.Create(TinyModels.Tokenizer, seed: 3);
        Assert.All(a.StateDict, entry => Assert.True(entry.Value.equal(b.StateDict[entry.Key]).all().item<bool>()));
    }

    public static TheoryData<string, string> BadConfigs => new()
    {
        { "num_latent_tokens", "is 96, but must be a power of two" },
        { "crop_size", "is 100, but must be a multiple of 16" },
        { "vit_enc_patch_size", "is 8, but must be 16" },
        { "reduction_ratio", "cannot merge a grid of 16 x 9" },
    };

    [Theory]
    [MemberData(nameof(BadConfigs))]
    public void A_config_that_cannot_run_is_refused_by_key(string key, string why)
    {
        TokenizerConfig config = key switch
        {
            "num_latent_tokens" => TinyModels.GoldenTiny with { LatentTokens = 96 },
            "crop_size" => TinyModels.GoldenTiny with { CropSize = 100 },
            "vit_enc_patch_size" => TinyModels.GoldenTiny with { EncoderPatchSize = 8 },
            _ => TinyModels.GoldenTiny with { ReductionRatio = 0.25, HierarchyStages = 4 },
        };
        string message = Assert.Throws<ArgumentException>(() => ImageTokenizer.Create(config)).Message;
        Assert.Contains(key, message, StringComparison.Ordinal);
        Assert.Contains(why, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_images_and_tokens_are_refused()
    {
        using var scope = NewDisposeScope();
        using ImageTokenizer tokenizer = ImageTokenizer.Create(TinyModels.Tokenizer);
        Assert.Contains("[B, 3, 32, 32]", Assert.Throws<ArgumentException>(() => tokenizer.Encode(zeros(1, 3, 16, 32))).Message, StringComparison.Ordinal);
        Assert.Contains("Int64", Assert.Throws<ArgumentException>(() => tokenizer.Encode(zeros(1, 3, 32, 32, dtype: ScalarType.Int64))).Message, StringComparison.Ordinal);
        Assert.Contains("from 0 to 63", Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode(full([1, 16], 64, dtype: ScalarType.Int64))).Message, StringComparison.Ordinal);
        Assert.Contains("from 1 to the 16", Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode(zeros(1, 16, dtype: ScalarType.Int64), 17)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => tokenizer.Decode(zeros(1, 17, dtype: ScalarType.Int64)));
        Assert.Contains("2 token counts for 1", Assert.Throws<ArgumentException>(() => tokenizer.Decode(zeros(1, 16, dtype: ScalarType.Int64), [1, 2])).Message, StringComparison.Ordinal);
        tokenizer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tokenizer.Encode(zeros(1, 3, 32, 32)));
    }
}
