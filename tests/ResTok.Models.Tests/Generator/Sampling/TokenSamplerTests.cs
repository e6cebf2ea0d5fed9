using ResTok.Models.Generator.Sampling;
using ResTok.Models.Layers;

namespace ResTok.Models.Tests.Generator.Sampling;

public class TokenSamplerTests
{
    private const int Draws = 100_000;

    /// <summary>The published test vectors of Philox4x32-10 (Random123, kat_vectors).</summary>
    [Theory]
    [InlineData(0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8)]
    [InlineData(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd)]
    [InlineData(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1)]
    public void Philox_gives_the_published_numbers(uint a, uint b, uint c, uint d, uint key, uint key2, uint w, uint x, uint y, uint z) =>
        Assert.Equal((w, x, y, z), RandomStream.Philox((a, b, c, d), (key, key2)));

    [Theory]
    [InlineData(1.0, 0, 1.0)]
    [InlineData(0.7, 0, 1.0)]
    [InlineData(2.0, 0, 1.0)]
    [InlineData(1.0, 5, 1.0)]
    [InlineData(1.0, 0, 0.8)]
    [InlineData(1.3, 12, 0.9)]
    public void Frequencies_follow_the_filtered_distribution(double temperature, int topK, double topP)
    {
        var random = new Random(11);
        float[] logits = [.. Enumerable.Range(0, 30).Select(_ => (float)(3 * random.NextDouble()))];
        var options = new SamplingOptions { Temperature = temperature, TopK = topK, TopP = topP };
        double[] expected = Distribution(logits, temperature, topK, topP);

        // Over rows, over positions and over seeds: all three must be independent draws.
        foreach (Func<int, RandomStream> stream in new Func<int, RandomStream>[]
        {
            i => new(7, (ulong)i, 3), i => new(7, 5, (uint)i), i => new(i, 5, 3),
        })
        {
            var counts = new long[logits.Length];
            for (int i = 0; i < Draws; i++)
                counts[TokenSampler.Sample([.. logits], options, stream(i))]++;
            Assert.All(counts.Zip(expected), pair => Assert.True(pair.Second > 0 || pair.First == 0, "a token that the filter removed was drawn"));
            AssertChiSquare(counts, expected);
        }
    }

    [Fact]
    public void Neighbouring_draws_are_independent()
    {
        var options = new SamplingOptions();
        var pairs = new long[64];
        for (int i = 0; i < Draws; i++)
        {
            int first = TokenSampler.Sample(new float[8], options, new(1, (ulong)i, 0));
            int second = TokenSampler.Sample(new float[8], options, new(1, (ulong)i, 1));
            pairs[8 * first + second]++;
        }
        AssertChiSquare(pairs, [.. Enumerable.Repeat(1.0 / 64, 64)]);
    }

    [Fact]
    public void Greedy_takes_the_first_of_the_largest() =>
        Assert.Equal(2, TokenSampler.Sample([0, 1, 5, 5, -3], new() { Greedy = true, Temperature = 9, TopK = 1 }, new(1, 2, 3)));

    [Fact]
    public void A_tiny_temperature_is_greedy() =>
        Assert.All(Enumerable.Range(0, 100), i => Assert.Equal(1, TokenSampler.Sample([0, 0.1f, 0], new() { Temperature = 1e-9 }, new(i, 2, 3))));

    [Fact]
    public void The_least_top_p_and_top_k_keep_one()
    {
        Assert.All(Enumerable.Range(0, 100), i => Assert.Equal(1, TokenSampler.Sample([0, 0.1f, 0], new() { TopP = 1e-6 }, new(i, 2, 3))));
        Assert.All(Enumerable.Range(0, 100), i => Assert.Equal(1, TokenSampler.Sample([0, 0.1f, 0], new() { TopK = 1 }, new(i, 2, 3))));
    }

    /// <summary>The distribution by its definition, written apart from the code it checks.</summary>
    private static double[] Distribution(float[] logits, double temperature, int topK, double topP)
    {
        double[] weights = [.. logits.Select(logit => Math.Exp(logit / temperature))];
        int[] order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(i => weights[i])];
        if (topK > 0)
            order = order[..topK];
        double total = order.Sum(i => weights[i]), sum = 0;
        var kept = order.TakeWhile(i => { bool keep = sum <= topP * total; sum += weights[i]; return keep; }).ToHashSet();
        double left = kept.Sum(i => weights[i]);
        return [.. weights.Select((weight, i) => kept.Contains(i) ? weight / left : 0)];
    }

    /// <summary>Pearson's statistic below its 99.99 % quantile (Wilson and Hilferty's approximation).</summary>
    private static void AssertChiSquare(long[] counts, double[] expected)
    {
        double statistic = counts.Zip(expected).Where(pair => pair.Second > 0)
            .Sum(pair => Math.Pow(pair.First - Draws * pair.Second, 2) / (Draws * pair.Second));
        int freedom = expected.Count(p => p > 0) - 1;
        double limit = freedom * Math.Pow(1 - 2.0 / (9 * freedom) + 3.719 * Math.Sqrt(2.0 / (9 * freedom)), 3);
        Assert.InRange(statistic, 0, limit);
    }
}
