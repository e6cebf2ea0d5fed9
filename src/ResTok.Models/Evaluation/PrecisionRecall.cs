using System.Runtime.InteropServices;
using ResTok.Models.Layers.Kernels;
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

    /// <summary>Precision and recall. Each distance is computed once.</summary>
    /// <param name="reference">Features of real images, [R, D].</param>
    /// <param name="sample">Features of generated images, [S, D].</param>
    /// <returns>Shares in [0, 1].</returns>
    /// <exception cref="ArgumentException">There are fewer than four of either.</exception>
    public static (double Precision, double Recall) Of(FeatureRows reference, FeatureRows sample)
    {
        double[] ofReal = SquaredRadii(reference), ofSample = SquaredRadii(sample);
        bool[] isNearReal = new bool[sample.Count], isNearSample = new bool[reference.Count];
        ForEachPair(reference, sample, isOnce: false, (real, generated, distances) =>
        {
            int at = 0;
            for (int j = generated.Start; j < generated.End; j++)
            {
                double radius = ofSample[j];
                bool isNear = isNearReal[j];
                for (int i = real.Start; i < real.End; i++)
                {
                    double distance = distances[at++];
                    isNear |= distance <= ofReal[i];
                    isNearSample[i] |= distance <= radius;
                }
                isNearReal[j] = isNear;
            }
        });
        return (Share(isNearReal), Share(isNearSample));

        static double Share(bool[] points) => points.Count(isNear => isNear) / (double)points.Length;
    }

    /// <summary>The squared distance of each point to its third neighbour among the others: the fourth smallest, itself counted.</summary>
    internal static double[] SquaredRadii(FeatureRows points)
    {
        const int Kept = Neighbours + 1;
        if (points.Count <= Neighbours)
            throw new ArgumentException($"Precision and recall need more than {Neighbours} images on each side, and there are {points.Count}.", nameof(points));
        var nearest = new double[Kept * points.Count]; // of each point the smallest, ascending
        Array.Fill(nearest, double.PositiveInfinity);
        ForEachPair(points, points, isOnce: true, (first, second, distances) =>
        {
            int at = 0;
            for (int j = second.Start; j < second.End; j++)
            {
                for (int i = first.Start; i < first.End; i++)
                {
                    double distance = distances[at++];
                    if (distance < nearest[Kept * j + Neighbours])
                        Keep(nearest.AsSpan(Kept * j, Kept), distance);
                    if (first.Start != second.Start && distance < nearest[Kept * i + Neighbours])
                        Keep(nearest.AsSpan(Kept * i, Kept), distance);
                }
            }
        });
        return [.. Enumerable.Range(0, (int)points.Count).Select(i => nearest[Kept * i + Neighbours])];

        static void Keep(Span<double> smallest, double distance)
        {
            int place = smallest.Length - 1;
            for (; place > 0 && smallest[place - 1] > distance; place--)
                smallest[place] = smallest[place - 1];
            smallest[place] = distance;
        }
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

    /// <summary>Squared distances between the points of two sets, block by block.</summary>
    /// <param name="points">[N, D].</param>
    /// <param name="others">[M, D].</param>
    /// <param name="isOnce">Of a set and itself: whether of two blocks only the one before the other is asked for.</param>
    /// <param name="use">Gets which points, which others, and the distances, all points' from each other in turn.</param>
    private static void ForEachPair(FeatureRows points, FeatureRows others, bool isOnce, Action<(int Start, int End), (int Start, int End), double[]> use)
    {
        using var noGradient = no_grad();
        var distances = new double[FeatureRows.Block * FeatureRows.Block];
        int start = 0;
        foreach (Tensor rows in points.Blocks)
        {
            using var scope = NewDisposeScope();
            Tensor wide = rows.to(ScalarType.Float64);
            using FoldedConvolution? packed = OwnKernels.SuitFolded(wide) ? new(wide.view(wide.shape[0], -1, 1, 1)) : null;
            double[] norms = SquaredNorms(wide);
            int end = start + norms.Length, otherStart = 0;
            foreach (Tensor otherRows in others.Blocks)
            {
                using var inner = NewDisposeScope();
                using Tensor owned = otherRows;
                int otherEnd = otherStart + (int)owned.shape[0];
                if (!isOnce || otherStart >= start)
                {
                    Tensor otherWide = owned.to(ScalarType.Float64);
                    double[] otherNorms = SquaredNorms(otherWide);
                    Tensor products = packed is null ? otherWide.mm(wide.t()) : packed.ApplyToRows(otherWide); // [others, points]
                    ReadOnlySpan<double> ofProducts = MemoryMarshal.Cast<byte, double>(products.bytes);
                    for (int j = 0, at = 0; j < otherNorms.Length; j++)
                    {
                        for (int i = 0; i < norms.Length; i++, at++)
                            distances[at] = Math.Max(norms[i] + otherNorms[j] - 2 * ofProducts[at], 0);
                    }
                    use((start, end), (otherStart, otherEnd), distances);
                }
                otherStart = otherEnd;
            }
            start = end;
            rows.Dispose();
        }
    }

    private static double[] SquaredNorms(Tensor rows)
    {
        using var scope = NewDisposeScope();
        return rows.pow(2).sum([1]).data<double>().ToArray();
    }

    private static Tensor SquaredDistances(Tensor points, Tensor others)
    {
        using var scope = NewDisposeScope();
        Tensor x = points.to(ScalarType.Float64), y = others.to(ScalarType.Float64);
        return (x.pow(2).sum([1], keepdim: true) - 2 * x.mm(y.t()) + y.pow(2).sum([1])).clamp_min_(0).MoveToOuterDisposeScope();
    }
}
