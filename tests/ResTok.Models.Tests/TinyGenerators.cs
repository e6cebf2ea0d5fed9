using TorchSharp;

namespace ResTok.Models.Tests;

/// <summary>Generators small enough to run in a blink, with predictions that differ from class to class and token to token.</summary>
internal static class TinyGenerators
{
    /// <summary>16 tokens of 64 codes, 5 classes: the tokens of <see cref="TinyModels.Smallest"/>.</summary>
    public static GeneratorConfig Smallest { get; } = new()
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

    /// <summary>Random weights, spread enough for confident predictions (fresh ones start at zero output).</summary>
    public static ImageGenerator Create(GeneratorConfig? config = null, int seed = 1)
    {
        ImageGenerator generator = ImageGenerator.Create(config ?? Smallest, seed: seed);
        using var noGradient = torch.no_grad();
        using var random = new torch.Generator((ulong)seed);
        using var scope = torch.NewDisposeScope();
        foreach (TorchSharp.Modules.Parameter parameter in generator.StateDict.Values.Where(parameter => parameter.dim() > 1))
            parameter.copy_(torch.randn(parameter.shape, generator: random) * Math.Pow(parameter.shape[1], -0.5) * 2);
        return generator;
    }
}
