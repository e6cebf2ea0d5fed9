using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>A normal distribution of features, as FID compares them.</summary>
/// <param name="Mean">float64 [D] (key <c>mu</c> of a reference file).</param>
/// <param name="Covariance">float64 [D, D], unbiased (key <c>sigma</c>).</param>
internal sealed record FeatureDistribution(Tensor Mean, Tensor Covariance) : IDisposable
{
    private const double Precision = 2.220446049250313e-16; // of float64

    /// <summary>
    /// The Fréchet distance |μa − μb|² + tr Σa + tr Σb − 2·tr √(ΣaΣb): FID on pooled Inception features, sFID on spatial ones (reference
    /// <c>evaluator.py</c>). The trace is that of the symmetric Rᵀ·Σb·R with R·Rᵀ = Σa, whose eigenvalues are real also where covariances
    /// are not of full rank.
    /// </summary>
    /// <param name="other">Of the same features; the order does not matter.</param>
    /// <returns>At least 0 but for rounding; 0 for equal distributions.</returns>
    /// <exception cref="ArgumentException">It is of other features.</exception>
    public double DistanceTo(FeatureDistribution other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!other.Mean.shape.SequenceEqual(Mean.shape))
            throw new ArgumentException($"Distributions of {other.Mean.shape[0]} and of {Mean.shape[0]} features cannot be compared.", nameof(other));
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor mine = Root(Covariance), others = Root(other.Covariance); // the one of lower rank leaves less rounding under the square root
        Tensor between = mine.shape[1] <= others.shape[1] ? mine.t().mm(other.Covariance).mm(mine) : others.t().mm(Covariance).mm(others);
        Tensor trace = linalg.eigvalsh((between + between.t()) / 2).clamp_min(0).sqrt().sum();
        return ((Mean - other.Mean).pow(2).sum() + Covariance.trace() + other.Covariance.trace() - 2 * trace).item<double>();
    }

    /// <summary>[D, rank]: times its transpose, the covariance.</summary>
    private static Tensor Root(Tensor covariance)
    {
        using var scope = NewDisposeScope();
        (Tensor values, Tensor vectors) = linalg.eigh(covariance); // ascending
        double rounding = values[-1].item<double>() * covariance.shape[0] * Precision;
        long zeros = values.le(rounding).sum().item<long>(), rank = covariance.shape[0] - zeros;
        return (vectors.narrow(1, zeros, rank) * values.narrow(0, zeros, rank).sqrt()).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Mean.Dispose();
        Covariance.Dispose();
    }
}
