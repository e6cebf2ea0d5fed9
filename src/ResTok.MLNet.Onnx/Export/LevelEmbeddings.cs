using ResTok.MLNet.Onnx.Format;
using ResTok.Models;

namespace ResTok.MLNet.Onnx.Export;

/// <summary>One learned vector per level of latent tokens.</summary>
internal static class LevelEmbeddings
{
    /// <summary>The vectors in sequence order, [N, D], float32.</summary>
    /// <param name="net">The graph.</param>
    /// <param name="network"><c>encoder</c> or <c>decoder</c>.</param>
    /// <param name="levels">The levels.</param>
    public static Value Sequence(WeightedGraph net, string network, TokenLevels levels)
    {
        Value vectors = net.Graph.Concat(0, [.. Enumerable.Range(0, levels.Count).Select(level => net.WeightFloat32($"{network}.latent_token_level_embedding.{level}"))]);
        long[] levelOf = [.. levels.Sizes.SelectMany((size, level) => Enumerable.Repeat((long)level, size))];
        return net.Graph.Gather(vectors, 0, net.Graph.Constant(levelOf, levelOf.Length));
    }
}
