using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>Features of a set of images: sums for Fréchet distances, and where asked for each image's own for precision and recall.</summary>
/// <param name="dimensions">Features of an image, D.</param>
/// <param name="keepsRows">Whether each image's own are kept.</param>
internal sealed class FeatureSet(int dimensions, bool keepsRows) : IDisposable
{
    private readonly FeatureStatistics sums = new(dimensions);
    private readonly FeatureRows? rows = keepsRows ? new(dimensions) : null;

    /// <summary>Of a reference file, which counts in place of the images' own.</summary>
    public FeatureDistribution? Given { get; init; }

    /// <param name="features">[B, D].</param>
    /// <exception cref="ArgumentException">One is not finite.</exception>
    public void Add(Tensor features)
    {
        sums.Add(features);
        rows?.Add(features);
    }

    /// <summary>Adds what another gathered, behind one's own.</summary>
    public void Add(FeatureSet other)
    {
        sums.Add(other.sums);
        rows?.Add(other.rows!);
    }

    public void Save(EvaluationState state, string name)
    {
        sums.Save(state, name);
        if (rows is { Count: > 0 })
            state[name + ".rows"] = rows.All();
    }

    /// <summary>Adds what was saved.</summary>
    public void Add(EvaluationState state, string name)
    {
        sums.Add(state, name);
        if (rows is not null && state.Has(name + ".rows"))
            rows.Add(state[name + ".rows"]);
    }

    /// <summary>Of each of the first images, the nearest of another set and its squared distance.</summary>
    public IReadOnlyList<(long Index, double Distance)> NearestIn(FeatureSet other, int count) => PrecisionRecall.Nearest(rows!, other.rows!, count);

    /// <summary>The Fréchet distance, or null where a set has neither two images nor given statistics.</summary>
    public double? DistanceTo(FeatureSet other)
    {
        using FeatureDistribution? mine = Own(), others = other.Own();
        return (Given ?? mine) is { } first && (other.Given ?? others) is { } second ? first.DistanceTo(second) : null;
    }

    /// <summary>Precision and recall of these images against real ones, or null where either are too few.</summary>
    public (double Precision, double Recall)? PrecisionAndRecall(FeatureSet reference) =>
        PrecisionRecall.AreEnough(rows!.Count, reference.rows!.Count) ? PrecisionRecall.Of(reference.rows, rows) : null;

    public void Dispose()
    {
        sums.Dispose();
        rows?.Dispose();
        Given?.Dispose();
    }

    private FeatureDistribution? Own() => Given is null && sums.Count >= 2 ? sums.Distribution() : null;
}
