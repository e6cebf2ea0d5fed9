using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using ResTok.Models;
using ResTok.Models.Runtime;
using TorchSharp;

namespace ResTok.MLNet.Tests;

/// <summary>Rows and models small enough to run in a blink: pictures of 32×32 pixels, 16 tokens, 64 codes.</summary>
internal static class PipelineData
{
    public static TokenizerConfig Config { get; } = new()
    {
        CodebookSize = 64,
        EncoderSize = VitSize.Tiny,
        DecoderSize = VitSize.Tiny,
        MergeTokens = true,
        HierarchyStages = 2,
        PixelEncoder = true,
        PixelHiddenChannels = 32,
        LatentTokens = 16,
        TestTokens = 16,
        CropSize = 32,
    };

    public static GeneratorConfig GeneratorConfig { get; } = new()
    {
        Width = 32,
        Layers = 2,
        Heads = 4,
        MultipleOf = 32,
        Classes = 5,
        CodebookSize = 64,
        Tokens = 16,
        SpecialTokens = 15,
    };

    [ModuleInitializer]
    internal static void LoadTorch() => TorchRuntime.EnsureLoaded();

    /// <summary>A model whose random weights are spread enough for pictures to have different tokens.</summary>
    public static ImageTokenizer CreateTokenizer()
    {
        ImageTokenizer tokenizer = ImageTokenizer.Create(Config, seed: 1);
        using var noGradient = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in tokenizer.StateDict)
        {
            if (parameter.dim() > 1 && name.EndsWith(".weight", StringComparison.Ordinal))
                parameter.mul_(5);
        }
        return tokenizer;
    }

    public static ResTokModel CreateModel() => ResTokModel.FromTokenizer(CreateTokenizer());

    /// <summary>A generator whose random weights are spread enough for confident predictions (fresh ones start at zero output).</summary>
    public static ResTokGenerator CreateGenerator(GeneratorConfig? config = null)
    {
        ImageGenerator generator = ImageGenerator.Create(config ?? GeneratorConfig, seed: 1);
        using var noGradient = torch.no_grad();
        using var random = new torch.Generator(1);
        using var scope = torch.NewDisposeScope();
        foreach (TorchSharp.Modules.Parameter parameter in generator.StateDict.Values.Where(parameter => parameter.dim() > 1))
            parameter.copy_(torch.randn(parameter.shape, generator: random) * Math.Pow(parameter.shape[1], -0.5) * 2);
        return ResTokGenerator.FromGenerator(generator);
    }

    public static MLImage Picture(int seed, int width = 32, int height = 32)
    {
        var pixels = new byte[4 * width * height];
        new Random(seed).NextBytes(pixels);
        for (int i = 3; i < pixels.Length; i += 4)
            pixels[i] = 255;
        return MLImage.CreateFromPixels(width, height, MLPixelFormat.Rgba32, pixels);
    }

    public static List<Row> Rows(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new Row { Id = i, Count = 1 + i % 16, Name = $"row {i}", Image = Picture(i) })];

    public static string Join(IEnumerable<int> tokens) => string.Join(",", tokens);
}

internal sealed class Row
{
    public int Id { get; set; }

    public int Count { get; set; }

    public string Name { get; set; } = "";

    [ImageType(32, 32)]
    public MLImage Image { get; set; } = null!;
}

internal sealed class Encoded
{
    public int Id { get; set; }

    public string Name { get; set; } = "";

    [VectorType(16)]
    public int[] Tokens { get; set; } = [];
}

internal sealed class Decoded
{
    [ImageType(32, 32)]
    public MLImage Picture { get; set; } = null!;

    [VectorType(16)]
    public int[] Tokens { get; set; } = [];
}
