using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer.Networks;

/// <summary>One learned vector per level of latent tokens.</summary>
internal sealed class LevelEmbedding(ParameterScope scope, TokenLevels levels, int width)
{
    private readonly Parameter[] vectors = [.. Enumerable.Range(0, levels.Count).Select(level => scope.Parameter(
        level.ToString(System.Globalization.CultureInfo.InvariantCulture), Initializer.Normal(Math.Pow(width, -0.5)), 1, width))];

    /// <summary>The vectors in sequence order, [N, D].</summary>
    public Tensor Sequence()
    {
        using var scope = NewDisposeScope();
        return cat([.. vectors.Select((vector, level) => vector.expand(levels.Sizes[level], -1))]).MoveToOuterDisposeScope();
    }
}
