using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>
/// Mean and covariance of features, gathered batch by batch in float64 (<c>Σf</c> and <c>Σffᵀ</c>): memory does not grow with the number of
/// images, and what several workers gathered adds up.
/// </summary>
internal sealed class FeatureStatistics : IDisposable
{
    private readonly Tensor sum;
    private readonly Tensor products;

    /// <param name="dimensions">Features of an image, D.</param>
    public FeatureStatistics(int dimensions)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimensions);
        Runtime.TorchRuntime.EnsureLoaded();
        Dimensions = dimensions;
        sum = zeros([dimensions], dtype: ScalarType.Float64).DetachFromDisposeScope();
        products = zeros([dimensions, dimensions], dtype: ScalarType.Float64).DetachFromDisposeScope();
    }

    /// <summary>Features of an image, D.</summary>
    public int Dimensions { get; }

    /// <summary>Images so far.</summary>
    public long Count { get; private set; }

    /// <summary>Adds images.</summary>
    /// <param name="features">[B, D], floating.</param>
    /// <exception cref="ArgumentException">The shape is another, or a feature is not finite.</exception>
    public void Add(Tensor features)
    {
        ArgumentNullException.ThrowIfNull(features);
        if (features.dim() != 2 || features.shape[1] != Dimensions)
            throw new ArgumentException($"Features must be [B, {Dimensions}], not [{string.Join(", ", features.shape)}].", nameof(features));
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor wide = features.to(ScalarType.Float64).cpu();
        if (!wide.isfinite().all().item<bool>())
            throw new ArgumentException("A feature is infinite or NaN: the image, or the network's weights, are not what they should be.", nameof(features));
        sum.add_(wide.sum([0]));
        products.addmm_(wide.t(), wide, 1, 1);
        Count += features.shape[0];
    }

    /// <summary>Adds what another gathered.</summary>
    /// <exception cref="ArgumentException">It is of other features.</exception>
    public void Add(FeatureStatistics other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Dimensions != Dimensions)
            throw new ArgumentException($"Statistics of {other.Dimensions} features do not add to those of {Dimensions}.", nameof(other));
        using var noGradient = no_grad();
        sum.add_(other.sum);
        products.add_(other.products);
        Count += other.Count;
    }

    /// <summary>Writes the sums under a name.</summary>
    public void Save(EvaluationState state, string name)
    {
        state[name + ".sum"] = sum;
        state[name + ".products"] = products;
        state.Set(name + ".count", Count);
    }

    /// <summary>Adds sums that were saved.</summary>
    public void Add(EvaluationState state, string name)
    {
        using var noGradient = no_grad();
        sum.add_(state[name + ".sum"]);
        products.add_(state[name + ".products"]);
        Count += (long)state.Numbers(name + ".count")[0];
    }

    /// <summary>The mean and the unbiased covariance (n − 1). The caller disposes them.</summary>
    /// <exception cref="InvalidOperationException">Fewer than two images were added.</exception>
    public FeatureDistribution Distribution()
    {
        if (Count < 2)
            throw new InvalidOperationException($"A covariance needs at least two images, and {Count} were added.");
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor mean = sum / Count;
        Tensor covariance = (products - outer(sum, sum) / Count) / (Count - 1);
        return new(mean.MoveToOuterDisposeScope(), covariance.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        sum.Dispose();
        products.Dispose();
    }
}
