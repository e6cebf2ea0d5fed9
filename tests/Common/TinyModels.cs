using ResTok.Models;
using TorchSharp;

namespace ResTok.Tests;

/// <summary>Models small enough to run in a blink, with results that differ from row to row. Linked into the projects that use them.</summary>
internal static class TinyModels
{
    /// <summary>The configuration of the golden set "tiny".</summary>
    public static TokenizerConfig GoldenTiny { get; } = new()
    {
        CodebookSize = 512,
        EncoderSize = VitSize.Tiny,
        DecoderSize = VitSize.Tiny,
        MergeTokens = true,
        PixelEncoder = true,
        PixelHiddenChannels = 32,
    };

    /// <summary>Images of 32×32 pixels, 16 tokens of 64 codes.</summary>
    public static TokenizerConfig Tokenizer { get; } = GoldenTiny with
    {
        CropSize = 32,
        LatentTokens = 16,
        CodebookSize = 64,
        HierarchyStages = 2,
    };

    /// <summary>5 classes, and the tokens of <see cref="Tokenizer"/>.</summary>
    public static GeneratorConfig Generator { get; } = new()
    {
        Width = 32,
        Layers = 2,
        Heads = 4,
        MultipleOf = 32,
        Classes = 5,
        CodebookSize = 64,
        Tokens = 16,
    };

    public static ImageTokenizer CreateTokenizer(TokenizerConfig? config = null) => Spread(ImageTokenizer.Create(config ?? Tokenizer, seed: 1));

    public static ImageGenerator CreateGenerator(GeneratorConfig? config = null) => Spread(ImageGenerator.Create(config ?? Generator, seed: 1));

    /// <summary>Random weights, spread enough for confident predictions and different tokens (a fresh generator starts at zero output).</summary>
    private static TModel Spread<TModel>(TModel model)
        where TModel : PretrainedModel
    {
        using var noGradient = torch.no_grad();
        using var random = new torch.Generator(1);
        using var scope = torch.NewDisposeScope();
        foreach (TorchSharp.Modules.Parameter parameter in model.StateDict.Values.Where(parameter => parameter.dim() == 2))
            parameter.copy_(torch.randn(parameter.shape, generator: random) * Math.Pow(parameter.shape[1], -0.5) * 2);
        return model;
    }
}
