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
    private FeatureDistribution? givenPooled, givenSpatial; // of a reference file, which count in place of its images' own
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

    /// <summary>Reads a set of samples or references in the official evaluator's format.</summary>
    /// <param name="path">
    /// An npz file: <c>arr_0</c>, uint8 [N, H, W, 3], is read image by image. Where it has <c>mu</c>, <c>sigma</c>, <c>mu_s</c> and
    /// <c>sigma_s</c> too, these are what FID and sFID compare, and the images count for precision and recall only.
    /// </param>
    /// <param name="weights">Of which <see cref="EvaluationWeights.Inception"/> is needed.</param>
    /// <param name="device">Where the network computes; the CPU by default.</param>
    /// <param name="cancellationToken">Ends the reading between two batches.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or its arrays are others.</exception>
    /// <inheritdoc cref="ImageSetStatistics(EvaluationWeights, Device?)" path="/exception"/>
    public static ImageSetStatistics FromNpz(string path, EvaluationWeights weights, Device? device = null, CancellationToken cancellationToken = default)
    {
        var set = new ImageSetStatistics(weights, device);
        try
        {
            set.givenPooled = Given(path, "mu", "sigma", InceptionNetwork.Features);
            set.givenSpatial = Given(path, "mu_s", "sigma_s", InceptionNetwork.SpatialFeatures);
            foreach (Tensor batch in NpzFile.ReadImages(path, batch: 64))
            {
                cancellationToken.ThrowIfCancellationRequested();
                set.Add(batch);
            }
            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
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
        (double Precision, double Recall)? shares = PrecisionRecall.AreEnough(Count, reference.Count)
            ? PrecisionRecall.Of(cat(reference.features), cat(features)) : null;
        return new()
        {
            Count = Count,
            FrechetInceptionDistance = Distance(pooled, givenPooled, reference.pooled, reference.givenPooled),
            SpatialFrechetInceptionDistance = Distance(spatial, givenSpatial, reference.spatial, reference.givenSpatial),
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
        givenPooled?.Dispose();
        givenSpatial?.Dispose();
        foreach (Tensor batch in features.Concat(logits))
            batch.Dispose();
    }

    private static double Distance(FeatureStatistics mine, FeatureDistribution? given, FeatureStatistics others, FeatureDistribution? othersGiven)
    {
        using FeatureDistribution? first = given is null ? mine.Distribution() : null, second = othersGiven is null ? others.Distribution() : null;
        return (given ?? first!).DistanceTo(othersGiven ?? second!);
    }

    /// <returns>Null where the file has neither.</returns>
    private static FeatureDistribution? Given(string path, string meanName, string covarianceName, int dimensions)
    {
        using var scope = NewDisposeScope();
        Tensor? mean = NpzFile.Read(path, meanName), covariance = NpzFile.Read(path, covarianceName);
        if (mean is null && covariance is null)
            return null;
        if (mean is null || covariance is null || !mean.shape.SequenceEqual([dimensions]) || !covariance.shape.SequenceEqual([dimensions, dimensions]))
            throw new InvalidDataException($"{path} must have {meanName} [{dimensions}] and {covarianceName} [{dimensions}, {dimensions}], or neither.");
        return new(mean.to(ScalarType.Float64).DetachFromDisposeScope(), covariance.to(ScalarType.Float64).DetachFromDisposeScope());
    }
}
