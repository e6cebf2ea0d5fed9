using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>
/// Improved precision and recall (Kynkäänniemi et al., 2019) with k = 3: how many generated images lie among the real ones by their
/// features, and how many real ones among the generated. Distances are exact, in float64, where the reference computes in float16.
/// </summary>
internal static class PrecisionRecall
{
    private const int Neighbours = 3, Block = 2048;

    /// <summary>Whether both sets have more points than neighbours are counted.</summary>
    public static bool AreEnough(long sample, long reference) => Math.Min(sample, reference) > Neighbours;

    /// <summary>Precision and recall.</summary>
    /// <param name="reference">Features of real images, [R, D].</param>
    /// <param name="sample">Features of generated images, [S, D].</param>
    /// <returns>Shares in [0, 1].</returns>
    /// <exception cref="ArgumentException">There are fewer than four of either.</exception>
    public static (double Precision, double Recall) Of(Tensor reference, Tensor sample)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor real = reference.to(ScalarType.Float64), made = sample.to(ScalarType.Float64);
        Tensor realRadii = Radii(real), madeRadii = Radii(made);
        return (Share(made, real, realRadii), Share(real, made, madeRadii));
    }

    /// <summary>The squared distance of each point to its third neighbour among the others: the fourth smallest, itself counted.</summary>
    internal static Tensor Radii(Tensor points)
    {
        if (points.shape[0] <= Neighbours)
            throw new ArgumentException($"Precision and recall need more than {Neighbours} images on each side, and there are {points.shape[0]}.", nameof(points));
        using var scope = NewDisposeScope();
        return cat([.. points.split(Block).Select(block => SquaredDistances(block, points).kthvalue(Neighbours + 1, 1).values)]).MoveToOuterDisposeScope();
    }

    /// <summary>The share of points that lie within the radius of some centre.</summary>
    private static double Share(Tensor points, Tensor centres, Tensor radii)
    {
        using var scope = NewDisposeScope();
        return points.split(Block).Sum(block => SquaredDistances(block, centres).le(radii.unsqueeze(0)).any(1).sum().item<long>()) / (double)points.shape[0];
    }

    private static Tensor SquaredDistances(Tensor x, Tensor y)
    {
        using var scope = NewDisposeScope();
        return (x.pow(2).sum([1], keepdim: true) - 2 * x.mm(y.t()) + y.pow(2).sum([1])).clamp_min(0).MoveToOuterDisposeScope();
    }
}
