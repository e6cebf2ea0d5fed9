using ResTok.Models.Tests.Parity;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Tokenizer;

public class TokenSearchTests
{
    public static TheoryData<string> Variants => [.. Configs.Keys];

    private static Dictionary<string, TokenizerConfig> Configs { get; } = new()
    {
        ["smallest"] = TinyModels.Tokenizer,
        ["plain codebook"] = TinyModels.Tokenizer with { UseL2Norm = false },
        ["fewer tokens decoded"] = TinyModels.Tokenizer with { TestTokens = 8 },
    };

    [Theory]
    [MemberData(nameof(Variants))]
    public void Found_tokens_rebuild_no_image_worse_and_the_batch_better_even_where_nothing_was_trained(string variant)
    {
        using var scope = NewDisposeScope();
        using ImageTokenizer tokenizer = TinyModels.CreateTokenizer(Configs[variant]);
        Tensor images = Recipe.Images(3, 32);
        float[] weights = Weights(), before = Errors(0), after = Errors(30);
        Assert.All(before.Zip(after), pair => Assert.True(pair.Second <= pair.First, $"{pair.First} became {pair.Second}."));
        Assert.True(after.Sum() < 0.997 * before.Sum(), $"{before.Sum()} became {after.Sum()} only.");
        Assert.Equal(weights, Weights());
        Assert.All(tokenizer.StateDict.Values, parameter => Assert.True(parameter.grad is null));

        float[] Errors(int steps)
        {
            using var noGradient = no_grad(); // of the caller
            using Tensor tokens = tokenizer.SearchTokens(images, steps);
            Assert.Equal([3, 16], tokens.shape);
            return (tokenizer.Decode(tokens).clamp(0, 1) - images).square().mean([1, 2, 3]).data<float>().ToArray();
        }

        float[] Weights() => [.. tokenizer.StateDict.Values.SelectMany(parameter => parameter.data<float>().Take(3))];
    }

    [Fact]
    public void Without_steps_they_are_the_encoders()
    {
        using var scope = NewDisposeScope();
        using ImageTokenizer tokenizer = TinyModels.CreateTokenizer();
        Tensor images = Recipe.Images(2, 32);
        using TokenizerEncoding encoding = tokenizer.Encode(images);
        using Tensor tokens = tokenizer.SearchTokens(images, 0);
        Assert.True(tokens.equal(encoding.Tokens).all().item<bool>());
    }

    [Fact]
    public void A_search_says_what_is_wrong_and_stops()
    {
        using ImageTokenizer tokenizer = TinyModels.CreateTokenizer();
        using Tensor images = Recipe.Images(2, 32), large = Recipe.Images(2, 64);
        Assert.Throws<ArgumentOutOfRangeException>("steps", () => tokenizer.SearchTokens(images, -1));
        Assert.Throws<ArgumentException>(() => tokenizer.SearchTokens(large));
        Assert.Throws<OperationCanceledException>(() => tokenizer.SearchTokens(images, 5, new CancellationToken(canceled: true)));
    }
}
