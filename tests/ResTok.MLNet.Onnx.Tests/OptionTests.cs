using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.MLNet.Onnx.Tests;

/// <summary>Configurations that the golden sets lack, and uses of the files, against the same model in libtorch.</summary>
public class OptionTests
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string, TokenizerConfig> Tokenizers => new()
    {
        { "as it is", TinyModels.Tokenizer },
        { "learnable latents", TinyModels.Tokenizer with { LearnableLatentTokens = true } },
        { "no unit sphere", TinyModels.Tokenizer with { UseL2Norm = false } },
        { "another ratio", TinyModels.Tokenizer with { CropSize = 64, ReductionRatio = 0.75, HierarchyStages = 2 } },
        { "no latent residuals, pooled mask", TinyModels.Tokenizer with { ResidualLatentTokens = false, LearnableDecoderImageTokens = false } },
        { "odd grid", TinyModels.Tokenizer with { CropSize = 48, MergeTokens = false } },
        { "smaller decoder patches", TinyModels.Tokenizer with { DecoderPatchSize = 8 } },
        { "fewer test tokens", TinyModels.Tokenizer with { TestTokens = 4, RopeBase = 100, PixelNormGroups = 4 } },
        { "sizes apart", TinyModels.Tokenizer with { DecoderSize = VitSize.Mini, TokenSize = 5 } },
    };

    public static TheoryData<string, GeneratorConfig> Generators => new()
    {
        { "as it is", TinyModels.Generator },
        { "grouped-query attention", TinyModels.Generator with { KeyValueHeads = 2 } },
        { "one head of keys", TinyModels.Generator with { KeyValueHeads = 1 } },
        { "token by token", TinyModels.Generator with { Hierarchical = false } },
        { "two tokens one by one", TinyModels.Generator with { AutoregressiveTokens = 2 } },
        { "all tokens one by one", TinyModels.Generator with { AutoregressiveTokens = 16 } },
        { "other numbers", TinyModels.Generator with { RopeBase = 100, NormEpsilon = 1e-3, FfnMultiplier = 1.3 } },
    };

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Tokenizer_equals_libtorch(string what, TokenizerConfig config)
    {
        Assert.NotEmpty(what);
        using var folder = new TemporaryFolder();
        using ImageTokenizer tokenizer = TinyModels.CreateTokenizer(config);
        tokenizer.ExportOnnx(folder.Path);
        using var onnx = OnnxTokenizer.Load(folder.Path);
        using var scope = NewDisposeScope();
        Tensor images = rand([3, 3, config.CropSize, config.CropSize], generator: new(1));
        using TokenizerEncoding expected = tokenizer.Encode(images, EncodingOutputs.Margins | EncodingOutputs.ImageTokens);
        OnnxEncoding actual = onnx.Encode(images.data<float>().ToArray());
        AssertClose(expected.Latents, actual.Latents);
        AssertClose(expected.ImageTokenLevels[0].mean([1]), actual.Features);
        int[][] tokens = Rows(expected.Tokens);
        float[] margins = expected.Margins!.data<float>().ToArray();
        int[] given = [.. tokens.SelectMany(row => row)], found = [.. actual.Tokens.SelectMany(row => row)];
        Assert.All(Enumerable.Range(0, given.Length).Where(i => margins[i] > Tolerance), i => Assert.Equal(given[i], found[i]));

        AssertClose(tokenizer.Decode(expected.Tokens), onnx.Decode(tokens));
        AssertClose(tokenizer.Decode(expected.Tokens, [1, 7, 16]), onnx.Decode(tokens, [1, 7, 16]));
        AssertClose(tokenizer.Decode(expected.Tokens.narrow(1, 0, 5)), onnx.Decode([.. tokens.Select(row => row[..5])]));
    }

    [Theory]
    [MemberData(nameof(Generators))]
    public void Generator_draws_the_same_tokens(string what, GeneratorConfig config)
    {
        Assert.NotEmpty(what);
        using var folder = new TemporaryFolder();
        using ImageGenerator generator = TinyModels.CreateGenerator(config);
        generator.ExportOnnx(folder.Path);
        using var onnx = OnnxGenerator.Load(folder.Path);
        SamplingOptions[] all = [new() { Seed = 3 }, SamplingOptions.Official with { Seed = 4 }, new() { GuidanceScale = 2, GuidanceInterval = 2, TopK = 9 }, new() { Greedy = true }];
        foreach (SamplingOptions options in all)
            AssertSame(generator, onnx, new([0, 4, 2]) { RowIds = [7, -1, 1L << 40] }, options);
        int[][] prefix = [[1, 2, 3, 4, 5, 6, 7, 8], [9, 9, 9, 9, 9, 9, 9, 9]];
        AssertSame(generator, onnx, new([1, 3]) { Prefix = prefix }, SamplingOptions.Official);
        if (config.AutoregressiveTokens <= 4)
            AssertSame(generator, onnx, new([1, 3]) { Prefix = [.. prefix.Select(row => row[..4])], Levels = 4 }, SamplingOptions.Official);
        AssertSame(generator, onnx, new([2]) { Levels = 2 }, SamplingOptions.Official);
    }

    [Fact]
    public void A_rows_tokens_do_not_depend_on_its_neighbours()
    {
        using var folder = new TemporaryFolder();
        using (ImageGenerator generator = TinyModels.CreateGenerator())
            generator.ExportOnnx(folder.Path);
        using var onnx = OnnxGenerator.Load(folder.Path);
        SamplingOptions options = SamplingOptions.Official with { Seed = 5 };
        IReadOnlyList<IReadOnlyList<int>> together = onnx.Generate(new([0, 1, 2]), options);
        for (int row = 0; row < 3; row++)
            Assert.Equal(together[row], Assert.Single(onnx.Generate(new([row]) { RowIds = [row] }, options)));
    }

    [Fact]
    public void Weights_lie_inside_or_beside_and_give_the_same()
    {
        using TemporaryFolder inside = new(), beside = new();
        using ImageTokenizer tokenizer = TinyModels.CreateTokenizer();
        tokenizer.ExportOnnx(inside.Path);
        tokenizer.ExportOnnx(beside.Path, new() { ExternalData = true });
        Assert.Equal(["decoder.onnx", "encoder.onnx", "tokenizer.json"], Files(inside));
        Assert.Equal(["decoder.onnx", "decoder.onnx.data", "encoder.onnx", "encoder.onnx.data", "tokenizer.json"], Files(beside));
        Assert.True(new FileInfo(beside["encoder.onnx"]).Length < new FileInfo(inside["encoder.onnx"]).Length / 2);
        using OnnxTokenizer first = OnnxTokenizer.Load(inside.Path), second = OnnxTokenizer.Load(beside.Path);
        float[] pixels = [.. Enumerable.Range(0, 3 * 32 * 32).Select(i => i % 200 / 200f)];
        OnnxEncoding one = first.Encode(pixels), other = second.Encode(pixels);
        Assert.Equal(one.Latents, other.Latents);
        Assert.Equal(first.Decode(one.Tokens), second.Decode(other.Tokens));
    }

    [Fact]
    public void Pixels_of_8_bits_are_the_same_image()
    {
        using TemporaryFolder floats = new(), bytes = new();
        using ImageTokenizer tokenizer = TinyModels.CreateTokenizer();
        tokenizer.ExportOnnx(floats.Path);
        tokenizer.ExportOnnx(bytes.Path, new() { UInt8Pixels = true });
        using OnnxTokenizer first = OnnxTokenizer.Load(floats.Path), second = OnnxTokenizer.Load(bytes.Path);
        float[] pixels = [.. Enumerable.Range(0, 3 * 32 * 32).Select(i => i % 256 / 255f)];
        OnnxEncoding one = first.Encode(pixels), other = second.Encode(pixels);
        Assert.Equal(one.Tokens, other.Tokens);
        float[] expected = [.. first.Decode(one.Tokens).Select(value => MathF.Round(Math.Clamp(value * 255, 0, 255)) / 255)];
        Assert.All(second.Decode(one.Tokens).Zip(expected), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 1.001f / 255)); // rounded at .5 either way
    }

    [Fact]
    public void Half_precision_is_half_the_size_and_nearly_the_same()
    {
        using TemporaryFolder whole = new(), half = new();
        using ImageTokenizer tokenizer = TinyModels.CreateTokenizer();
        using ImageGenerator generator = TinyModels.CreateGenerator();
        tokenizer.ExportOnnx(whole.Path);
        tokenizer.ExportOnnx(half.Path, new() { Precision = OnnxPrecision.Float16 });
        generator.ExportOnnx(half.Path, new() { Precision = OnnxPrecision.Float16 });
        Assert.True(new FileInfo(half["decoder.onnx"]).Length < 0.6 * new FileInfo(whole["decoder.onnx"]).Length);
        using OnnxTokenizer first = OnnxTokenizer.Load(whole.Path), second = OnnxTokenizer.Load(half.Path);
        float[] pixels = [.. Enumerable.Range(0, 3 * 32 * 32).Select(i => i % 200 / 200f)];
        OnnxEncoding one = first.Encode(pixels), other = second.Encode(pixels);
        Assert.All(one.Latents.Zip(other.Latents), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 0.05f));
        Assert.NotEqual(one.Latents, other.Latents);
        Assert.All(first.Decode(one.Tokens).Zip(second.Decode(one.Tokens)), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 0.05f));
        using var onnx = OnnxGenerator.Load(half.Path);
        SamplingOptions options = SamplingOptions.Official with { GuidanceInterval = 2 };
        using Tensor expected = generator.Generate(new([0, 1, 2, 3]), options);
        int[] drawn = [.. onnx.Generate(new([0, 1, 2, 3]), options).SelectMany(row => row)], given = [.. Rows(expected).SelectMany(row => row)];
        Assert.InRange(drawn.Zip(given).Count(pair => pair.First == pair.Second), 0.75 * given.Length, given.Length);
    }

    [Fact]
    public void Products_of_8_bits_are_a_quarter_of_the_size_and_roughly_the_same()
    {
        using TemporaryFolder whole = new(), eighth = new();
        using ImageTokenizer tokenizer = TinyModels.CreateTokenizer();
        using ImageGenerator generator = TinyModels.CreateGenerator();
        var options = new OnnxExportOptions { QuantizesProducts = true };
        tokenizer.ExportOnnx(eighth.Path, options);
        generator.ExportOnnx(whole.Path);
        generator.ExportOnnx(eighth.Path, options);
        Assert.True(new FileInfo(eighth["generator.onnx"]).Length < 0.5 * new FileInfo(whole["generator.onnx"]).Length);
        using OnnxTokenizer onnx = OnnxTokenizer.Load(eighth.Path);
        using Tensor images = rand([1, 3, 32, 32], generator: new(1));
        using TokenizerEncoding expected = tokenizer.Encode(images);
        float[] latents = onnx.Encode(images.data<float>().ToArray()).Latents;
        Assert.All(expected.Latents.contiguous().data<float>().ToArray().Zip(latents), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 0.2f));
        using var drawing = OnnxGenerator.Load(eighth.Path);
        using Tensor tokens = generator.Generate(new([0, 1, 2, 3]), new() { Greedy = true });
        int[] given = [.. Rows(tokens).SelectMany(row => row)], drawn = [.. drawing.Generate(new([0, 1, 2, 3]), new() { Greedy = true }).SelectMany(row => row)];
        Assert.InRange(drawn.Zip(given).Count(pair => pair.First == pair.Second), 0.5 * given.Length, given.Length);
    }

    private static void AssertSame(ImageGenerator generator, OnnxGenerator onnx, GenerationRequest request, SamplingOptions options)
    {
        using Tensor expected = generator.Generate(request, options);
        Assert.Equal(Rows(expected), onnx.Generate(request, options));
    }

    private static int[][] Rows(Tensor tokens) => [.. tokens.data<long>().ToArray().Select(token => (int)token).Chunk((int)tokens.shape[1])];

    private static string[] Files(TemporaryFolder folder) => [.. Directory.GetFiles(folder.Path).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    private static void AssertClose(Tensor expected, float[] actual)
    {
        float[] values = expected.contiguous().data<float>().ToArray();
        Assert.Equal(values.Length, actual.Length);
        Assert.InRange(values.Zip(actual).Max(pair => Math.Abs(pair.First - pair.Second)), 0, Tolerance);
    }
}
