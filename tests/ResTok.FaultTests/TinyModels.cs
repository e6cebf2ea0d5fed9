using ResTok.Models;
using TorchSharp;

namespace ResTok.FaultTests;

/// <summary>Models small enough to run in a blink: pictures of 32×32 pixels, 16 tokens, 64 codes, 5 classes.</summary>
internal static class TinyModels
{
    public static TokenizerConfig Tokenizer { get; } = new()
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

    public static GeneratorConfig Generator { get; } = new()
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

    public static ImageTokenizer CreateTokenizer() => Spread(ImageTokenizer.Create(Tokenizer, seed: 1));

    public static ImageGenerator CreateGenerator() => Spread(ImageGenerator.Create(Generator, seed: 1));

    /// <summary>Random weights, spread enough for results that differ from row to row.</summary>
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
