using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>A normal distribution of features, as FID compares them.</summary>
/// <param name="Mean">float64 [D] (key <c>mu</c> of a reference file).</param>
/// <param name="Covariance">float64 [D, D], unbiased (key <c>sigma</c>).</param>
internal sealed record FeatureDistribution(Tensor Mean, Tensor Covariance) : IDisposable
{
    /// <summary>
    /// The Fréchet distance |μa − μb|² + tr Σa + tr Σb − 2·tr √(ΣaΣb): FID on pooled Inception features, sFID on spatial ones (reference
    /// <c>evaluator.py</c>). The trace is that of the symmetric √Σa·Σb·√Σa, whose eigenvalues are real also where covariances are not of
    /// full rank.
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
        (Tensor values, Tensor vectors) = linalg.eigh(Covariance);
        Tensor root = (vectors * values.clamp_min(0).sqrt()).mm(vectors.t());
        Tensor between = root.mm(other.Covariance).mm(root);
        Tensor trace = linalg.eigvalsh((between + between.t()) / 2).clamp_min(0).sqrt().sum();
        return ((Mean - other.Mean).pow(2).sum() + Covariance.trace() + other.Covariance.trace() - 2 * trace).item<double>();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Mean.Dispose();
        Covariance.Dispose();
    }
}
