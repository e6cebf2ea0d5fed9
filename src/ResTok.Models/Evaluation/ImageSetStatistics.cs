using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>
/// What metrics of generation compare of a set of images: Inception features as sums, and the pooled ones of each image (8 KB) for precision
/// and recall. Filled batch by batch; what several workers gathered adds up.
/// </summary>
public sealed class ImageSetStatistics : IDisposable
{
    private readonly InceptionNetwork network;
    private readonly FeatureStatistics pooled = new(InceptionNetwork.Features);
    private readonly FeatureStatistics spatial = new(InceptionNetwork.SpatialFeatures);
    private readonly List<Tensor> features = []; // [B, 2048] in float32
    private readonly List<Tensor> logits = []; // [B, 1008] in float32

    /// <param name="weights">Of which <see cref="EvaluationWeights.Inception"/> is needed.</param>
    /// <param name="device">Where the network computes; the CPU by default.</param>
    /// <exception cref="ArgumentException">No Inception weights are given.</exception>
    /// <exception cref="Checkpoints.CheckpointException">The file is missing or another.</exception>
    public ImageSetStatistics(EvaluationWeights weights, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        Runtime.TorchRuntime.EnsureLoaded();
        network = weights.LoadInception(device ?? CPU) ?? throw new ArgumentException(
            $"Metrics of generation need {nameof(EvaluationWeights.Inception)}, or the environment variable RESTOK_INCEPTION: the file pt_inception-2015-12-05-6726825d.pth.", nameof(weights));
    }

    /// <summary>Images so far.</summary>
    public long Count => pooled.Count;

    /// <summary>Adds images.</summary>
    /// <param name="images">
    /// [B, 3, H, W], uint8, or floating in [0, 1], which are clamped and truncated to 8 bits as the reference does with what it samples.
    /// </param>
    /// <exception cref="ArgumentException">They are no images, or a feature is not finite.</exception>
    public void Add(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.dim() != 4 || images.shape[1] != 3)
            throw new ArgumentException($"Images must be [B, 3, H, W], not [{string.Join(", ", images.shape)}].", nameof(images));
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using InceptionFeatures found = network.Forward(images.dtype == ScalarType.Byte ? images : (images * 255).clamp(0, 255).to(ScalarType.Byte));
        pooled.Add(found.Pooled);
        spatial.Add(found.Spatial);
        features.Add(found.Pooled.to(ScalarType.Float32).cpu().DetachFromDisposeScope());
        logits.Add(found.Logits.to(ScalarType.Float32).cpu().DetachFromDisposeScope());
    }

    /// <summary>Adds what another gathered of other images, behind one's own.</summary>
    public void Add(ImageSetStatistics other)
    {
        ArgumentNullException.ThrowIfNull(other);
        pooled.Add(other.pooled);
        spatial.Add(other.spatial);
        features.AddRange(other.features.Select(batch => batch.clone().DetachFromDisposeScope()));
        logits.AddRange(other.logits.Select(batch => batch.clone().DetachFromDisposeScope()));
    }

    /// <summary>Compares these images, which were generated, with real ones.</summary>
    /// <exception cref="InvalidOperationException">One of the two has fewer than two images.</exception>
    public GenerationMetrics CompareWith(ImageSetStatistics reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using FeatureDistribution ofPooled = pooled.Distribution(), ofSpatial = spatial.Distribution();
        using FeatureDistribution realPooled = reference.pooled.Distribution(), realSpatial = reference.spatial.Distribution();
        (double Precision, double Recall)? shares = PrecisionRecall.AreEnough(Count, reference.Count)
            ? PrecisionRecall.Of(cat(reference.features), cat(features)) : null;
        return new()
        {
            Count = Count,
            FrechetInceptionDistance = ofPooled.DistanceTo(realPooled),
            SpatialFrechetInceptionDistance = ofSpatial.DistanceTo(realSpatial),
            InceptionScore = InceptionScore.OfParts(cat(logits)),
            Precision = shares?.Precision,
            Recall = shares?.Recall,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        network.Dispose();
        pooled.Dispose();
        spatial.Dispose();
        foreach (Tensor batch in features.Concat(logits))
            batch.Dispose();
    }
}
