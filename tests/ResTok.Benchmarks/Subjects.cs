using ResTok.Models;
using ResTok.Models.Tests.Parity;
using static TorchSharp.torch;

namespace ResTok.Benchmarks;

/// <summary>The sizes of model that are measured.</summary>
internal enum ModelSize
{
    /// <summary>The transformers of the tokenizer's smallest official size, and the generator B.</summary>
    Small,

    /// <summary>The official models.</summary>
    Large,
}

/// <summary>Models and images to measure with, of the official configurations and with made-up weights: nothing is downloaded.</summary>
internal static class Subjects
{
    /// <summary>While .NET still compiles the thousands of small calls of a generation, it takes time from libtorch's threads.</summary>
    public const int GenerationsToWarmUp = 3;

    public static TokenizerConfig TokenizerConfig(ModelSize size)
    {
        VitSize vit = size == ModelSize.Large ? VitSize.Large : VitSize.Small;
        return new() { EncoderSize = vit, DecoderSize = vit, MergeTokens = true, PixelEncoder = true };
    }

    public static GeneratorConfig GeneratorConfig(ModelSize size) => Models.GeneratorConfig.Of(size == ModelSize.Large ? GeneratorSize.L : GeneratorSize.B);

    public static ImageTokenizer Tokenizer(ModelSize size, Precision precision) => new(TokenizerConfig(size), new Recipe("benchmark "), null, precision);

    public static ImageGenerator Generator(ModelSize size, Precision precision) => new(GeneratorConfig(size), new Recipe("benchmark "), null, precision);

    public static Tensor Images(int batch, TokenizerConfig config) => Recipe.Images(batch, config.CropSize);

    /// <summary>Classifier-free guidance in every pass.</summary>
    public static SamplingOptions Sampling { get; } = new() { GuidanceScale = 3.75, TopP = 0.95 };

    public static ScalarType DataType(Precision precision) => precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
}
