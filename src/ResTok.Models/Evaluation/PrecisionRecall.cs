using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>
/// Improved precision and recall (Kynkäänniemi et al., 2019) with k = 3: how many generated images lie among the real ones by their
/// features, and how many real ones among the generated. Distances are exact, in float64, where the reference computes in float16.
/// </summary>
internal static class PrecisionRecall
{
    private const int Neighbours = 3;

    /// <summary>Whether both sets have more points than neighbours are counted.</summary>
    public static bool AreEnough(long sample, long reference) => Math.Min(sample, reference) > Neighbours;

    /// <summary>Precision and recall.</summary>
    /// <param name="reference">Features of real images, [R, D].</param>
    /// <param name="sample">Features of generated images, [S, D].</param>
    /// <returns>Shares in [0, 1].</returns>
    /// <exception cref="ArgumentException">There are fewer than four of either.</exception>
    public static (double Precision, double Recall) Of(FeatureRows reference, FeatureRows sample)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return (Share(sample, reference, Radii(reference)), Share(reference, sample, Radii(sample)));
    }

    /// <summary>The squared distance of each point to its third neighbour among the others: the fourth smallest, itself counted.</summary>
    internal static Tensor Radii(FeatureRows points)
    {
        if (points.Count <= Neighbours)
            throw new ArgumentException($"Precision and recall need more than {Neighbours} images on each side, and there are {points.Count}.", nameof(points));
        return Gather(points, block =>
        {
            Tensor? nearest = null; // [B, 4]
            foreach (Tensor distances in points.Blocks.Select(others => SquaredDistances(block, others)))
            {
                using var scope = NewDisposeScope();
                Tensor all = nearest is null ? distances : cat([nearest, distances], 1);
                nearest = all.topk((int)Math.Min(Neighbours + 1, all.shape[1]), 1, largest: false).values.MoveToOuterDisposeScope();
                distances.Dispose();
            }
            return nearest!.max(1).values;
        });
    }

    /// <summary>Of each of the first points, the nearest of others: its row and its squared distance.</summary>
    public static IReadOnlyList<(long Index, double Distance)> Nearest(FeatureRows points, FeatureRows others, int count)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor first = points.Blocks.First().narrow(0, 0, Math.Min(count, Math.Min(points.Count, 1000)));
        var nearest = new (long Index, double Distance)[first.shape[0]];
        Array.Fill(nearest, (-1, double.PositiveInfinity));
        long at = 0;
        foreach (Tensor block in others.Blocks)
        {
            (Tensor values, Tensor indexes) = SquaredDistances(first, block).min(1);
            double[] found = [.. values.data<double>()];
            long[] rows = [.. indexes.data<long>()];
            for (int i = 0; i < found.Length; i++)
            {
                if (found[i] < nearest[i].Distance)
                    nearest[i] = (at + rows[i], found[i]);
            }
            at += block.shape[0];
        }
        return nearest;
    }

    /// <summary>The share of points that lie within the radius of some centre.</summary>
    private static double Share(FeatureRows points, FeatureRows centres, Tensor radii)
    {
        using var scope = NewDisposeScope();
        return Gather(points, block =>
        {
            Tensor within = zeros([block.shape[0]], dtype: ScalarType.Bool);
            long at = 0;
            foreach (Tensor others in centres.Blocks)
            {
                using var inner = NewDisposeScope();
                within.logical_or_(SquaredDistances(block, others).le(radii.narrow(0, at, others.shape[0])).any(1));
                at += others.shape[0];
            }
            return within;
        }).sum().item<long>() / (double)points.Count;
    }

    /// <summary>One number a point, block by block.</summary>
    private static Tensor Gather(FeatureRows points, Func<Tensor, Tensor> compute)
    {
        using var scope = NewDisposeScope();
        var parts = new List<Tensor>();
        foreach (Tensor block in points.Blocks)
        {
            using var inner = NewDisposeScope();
            parts.Add(compute(block).MoveToOuterDisposeScope());
        }
        return cat(parts).MoveToOuterDisposeScope();
    }

    private static Tensor SquaredDistances(Tensor points, Tensor others)
    {
        using var scope = NewDisposeScope();
        Tensor x = points.to(ScalarType.Float64), y = others.to(ScalarType.Float64);
        return (x.pow(2).sum([1], keepdim: true) - 2 * x.mm(y.t()) + y.pow(2).sum([1])).clamp_min_(0).MoveToOuterDisposeScope();
    }
}
