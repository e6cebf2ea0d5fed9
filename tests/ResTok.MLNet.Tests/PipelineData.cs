using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using ResTok.Models;
using ResTok.Models.Runtime;

namespace ResTok.MLNet.Tests;

/// <summary>Handles to <see cref="TinyModels"/>, and rows for them.</summary>
internal static class PipelineData
{
    [ModuleInitializer]
    internal static void LoadTorch() => TorchRuntime.EnsureLoaded();

    public static ResTokTokenizer CreateModel() => ResTokTokenizer.FromModel(TinyModels.CreateTokenizer());

    public static ResTokGenerator CreateGenerator(GeneratorConfig? config = null) => ResTokGenerator.FromModel(TinyModels.CreateGenerator(config));

    public static MLImage TestImage(int seed, int width = 32, int height = 32)
    {
        var pixels = new byte[4 * width * height];
        new Random(seed).NextBytes(pixels);
        for (int i = 3; i < pixels.Length; i += 4)
            pixels[i] = 255;
        return MLImage.CreateFromPixels(width, height, MLPixelFormat.Rgba32, pixels);
    }

    public static List<Row> Rows(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new Row { Id = i, Count = 1 + i % 16, Name = $"row {i}", Image = TestImage(i) })];

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
    public MLImage Rebuilt { get; set; } = null!;

    [VectorType(16)]
    public int[] Tokens { get; set; } = [];
}
