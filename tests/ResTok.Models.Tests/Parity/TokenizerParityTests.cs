using System.Globalization;
using System.Text.Json.Nodes;
using TorchSharp;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Parity;

/// <summary>The tokenizer against the reference implementation, with the tolerances of Data/golden/README.md.</summary>
[Trait("Category", "Parity")]
public class TokenizerParityTests(ITestOutputHelper output)
{
    private const double LatentTolerance = 5e-5;
    private const double ImageTolerance = 2e-4;
    private const double DecidedMargin = 1e-4;

    private readonly List<string> faults = [];

    public static TheoryData<string> TinySets => [.. GoldenSet.Folders("tokenizer").Keys.Where(IsTiny)];

    public static TheoryData<string> LargeSets => [.. GoldenSet.Folders("tokenizer").Keys.Where(set => !IsTiny(set))];

    [Theory]
    [MemberData(nameof(TinySets))]
    [Trait("Category", "Slow")]
    public void Tokenizer_equals_the_reference(string set) => Compare(set);

    [Theory]
    [MemberData(nameof(LargeSets))]
    [Trait("Category", "Slow")]
    public void Tokenizer_equals_the_reference_at_full_size(string set) => Compare(set);

    private static bool IsTiny(string set) => set.StartsWith("tiny", StringComparison.Ordinal);

    private void Compare(string set)
    {
        using var golden = new GoldenSet(GoldenSet.Folders("tokenizer")[set], "tokenizer");
        JsonObject description = golden.Description;
        TokenizerConfig config = golden.TokenizerConfig();
        Assert.Equal("smooth", (string?)description["image_kind"] ?? "smooth");
        using var scope = NewDisposeScope();
        using var tokenizer = new ImageTokenizer(config, new Recipe(golden.Salt), null, Precision.Float32);
        Assert.Equal(
            description["state_dict"]!.AsObject().Select(entry => $"{entry.Key} {entry.Value!.ToJsonString()}"),
            tokenizer.StateDict.Select(entry => $"{entry.Key} [{string.Join(",", entry.Value.shape)}]"));

        using TokenizerEncoding encoding = tokenizer.Encode(
            Recipe.Images((int)description["batch"]!, config.CropSize), EncodingOutputs.Margins | EncodingOutputs.Losses | EncodingOutputs.ImageTokens);
        CompareEncoding(golden, encoding);
        CompareDecoding(golden, tokenizer);
        Assert.Empty(faults);
    }

    private void CompareEncoding(GoldenSet golden, TokenizerEncoding encoding)
    {
        Compare("encode.z", golden["encode.z"], encoding.Latents, LatentTolerance);
        Tensor decided = golden["encode.margin"] > DecidedMargin; // [B, N]
        long differing = (golden["encode.tokens"] != encoding.Tokens).logical_and(decided).sum().item<long>();
        output.WriteLine($"encode.tokens: {differing} differ of {decided.sum().item<long>()} decided, {decided.numel()} in all");
        if (differing > 0)
            faults.Add($"encode.tokens: {differing} decided tokens differ");
        Compare("encode.margin", golden["encode.margin"], encoding.Margins!, LatentTolerance);
        Tensor same = decided.unsqueeze(1).unsqueeze(1); // [B, 1, 1, N]
        Compare("encode.z_quantized", golden["encode.z_quantized"] * same, encoding.QuantizedLatents * same, LatentTolerance);
        QuantizerLosses losses = encoding.Losses!.Value;
        Compare("encode.quantizer_loss", golden["encode.quantizer_loss"], tensor(new[] { losses.Total }), LatentTolerance);
        Compare("encode.commitment_loss", golden["encode.commitment_loss"], tensor(new[] { losses.Commitment }), LatentTolerance);
        Compare("encode.codebook_loss", golden["encode.codebook_loss"], tensor(new[] { losses.Codebook }), LatentTolerance);
        Assert.Equal(golden["encode.image_token_counts"].data<long>().ToArray(), encoding.ImageTokenLevels.Select(level => level.shape[1]));
        Tensor coarsest = encoding.ImageTokenLevels[0].transpose(1, 2).unsqueeze(2).contiguous(); // [B, D, 1, n]
        Tensor expected = golden["encode.last_image_tokens"];
        Compare("encode.last_image_tokens", expected.flatten(), Strided(coarsest, expected.numel()), LatentTolerance);
    }

    private void CompareDecoding(GoldenSet golden, ImageTokenizer tokenizer)
    {
        Tensor tokens = golden["encode.tokens"];
        IEnumerable<int> counts = golden.Names.Where(name => name.StartsWith("decode.", StringComparison.Ordinal))
            .Select(name => int.Parse(name.Split('.')[1], CultureInfo.InvariantCulture)).Distinct();
        foreach (int count in counts)
        {
            using var scope = NewDisposeScope();
            Tensor image = tokenizer.Decode(tokens, count);
            string name = $"decode.{count}";
            if (golden.Names.Contains(name + ".image"))
            {
                Tensor expected = golden[name + ".image"]; // of the first image, or of all
                Compare(name + ".image", expected, image.narrow(0, 0, expected.shape[0]), ImageTolerance);
            }
            if (golden.Names.Contains(name + ".strided"))
            {
                Tensor expected = golden[name + ".strided"];
                Compare(name + ".strided", expected, Strided(image, expected.numel()), ImageTolerance);
                Compare(name + ".stats", golden[name + ".stats"], stack([image.mean(), image.std(), image.abs().max()]), ImageTolerance);
            }
            image.Dispose();
        }
    }

    /// <summary>Every (numel/n)-th element of the flattened tensor.</summary>
    private static Tensor Strided(Tensor full, long n)
    {
        long step = full.numel() / n;
        return full.flatten()[TensorIndex.Slice(0, step * n, step)];
    }

    private void Compare(string name, Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        double error = (expected - actual).abs().max().item<float>();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: largest difference {error:g3} (allowed {tolerance:g1})"));
        if (!(error <= tolerance))
            faults.Add($"{name}: {error:g3} > {tolerance:g1}");
    }
}
