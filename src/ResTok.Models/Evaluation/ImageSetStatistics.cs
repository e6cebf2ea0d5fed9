using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>
/// What metrics of generation compare of a set of images: features as sums, and each image's own (8 KB of Inception, 2 KB of the ResNet-18) for
/// precision and recall. Filled batch by batch; what several workers gathered adds up.
/// </summary>
public sealed class ImageSetStatistics : IDisposable
{
    private readonly InceptionNetwork? inception;
    private readonly ResNet18Network? resNet;
    private readonly FeatureSet? pooled, spatial, resNetFeatures;
    private readonly FeatureRows? logits; // [N, 1008]

    /// <param name="weights">Of which <see cref="EvaluationWeights.Inception"/> or <see cref="EvaluationWeights.ResNet18"/> is needed.</param>
    /// <param name="device">Where the networks compute; the CPU by default.</param>
    /// <exception cref="ArgumentException">Neither is given.</exception>
    /// <exception cref="Checkpoints.CheckpointException">A network's file is missing or another.</exception>
    public ImageSetStatistics(EvaluationWeights weights, Device? device = null)
        : this(weights, device, null, null)
    {
    }

    private ImageSetStatistics(EvaluationWeights weights, Device? device, FeatureDistribution? givenPooled, FeatureDistribution? givenSpatial)
    {
        ArgumentNullException.ThrowIfNull(weights);
        Runtime.TorchRuntime.EnsureLoaded();
        try
        {
            inception = weights.LoadInception(device ?? CPU);
            resNet = weights.LoadResNet18(device ?? CPU);
        }
        catch
        {
            inception?.Dispose();
            throw;
        }
        if (inception is not null)
        {
            pooled = new(InceptionNetwork.Features, keepsRows: true) { Given = givenPooled };
            spatial = new(InceptionNetwork.SpatialFeatures, keepsRows: false) { Given = givenSpatial };
            logits = new(InceptionNetwork.Classes);
        }
        if (resNet is not null)
            resNetFeatures = new(ResNet18Network.Features, keepsRows: true);
        if (inception is null && resNet is null)
        {
            throw new ArgumentException(
                $"Metrics of generation need a network: {nameof(EvaluationWeights.Inception)} (or the environment variable RESTOK_INCEPTION: pt_inception-2015-12-05-6726825d.pth), "
                + $"or {nameof(EvaluationWeights.ResNet18)} (or RESTOK_RESNET18: {EvaluationWeights.WantedResNet18}).", nameof(weights));
        }
    }

    /// <summary>Reads a set of samples or references in the official evaluator's format.</summary>
    /// <param name="path">
    /// An npz file: <c>arr_0</c>, uint8 [N, H, W, 3], is read image by image. Where it has <c>mu</c>, <c>sigma</c>, <c>mu_s</c> and
    /// <c>sigma_s</c> too, these are what FID and sFID compare, and the images count for the other metrics only; they may be
    /// left out then.
    /// </param>
    /// <param name="weights">As for the constructor.</param>
    /// <param name="device">Where the networks compute; the CPU by default.</param>
    /// <param name="cancellationToken">Ends the reading between two batches.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or its arrays are others.</exception>
    /// <inheritdoc cref="ImageSetStatistics(EvaluationWeights, Device?)" path="/exception"/>
    public static ImageSetStatistics FromNpz(string path, EvaluationWeights weights, Device? device = null, CancellationToken cancellationToken = default)
    {
        FeatureDistribution? pooled = null, spatial = null;
        ImageSetStatistics? set = null;
        try
        {
            if (weights.Inception is not null)
            {
                pooled = Given(path, "mu", "sigma", InceptionNetwork.Features);
                spatial = Given(path, "mu_s", "sigma_s", InceptionNetwork.SpatialFeatures);
            }
            set = new ImageSetStatistics(weights, device, pooled, spatial);
            if (pooled is not null && !NpzFile.HasImages(path))
                return set;
            foreach (Tensor batch in NpzFile.ReadImages(path, batch: 64))
            {
                cancellationToken.ThrowIfCancellationRequested();
                set.Add(batch);
            }
            return set;
        }
        catch
        {
            pooled?.Dispose(); // where there is no set yet that owns it
            spatial?.Dispose();
            set?.Dispose();
            throw;
        }
    }

    /// <summary>Images so far.</summary>
    public long Count { get; private set; }

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
        Tensor bytes = images.dtype == ScalarType.Byte ? images : (images * 255).clamp(0, 255).to(ScalarType.Byte);
        if (inception is not null)
        {
            using InceptionFeatures found = inception.Forward(bytes);
            pooled!.Add(found.Pooled);
            spatial!.Add(found.Spatial);
            logits!.Add(found.Logits);
        }
        if (resNet is not null)
            resNetFeatures!.Add(resNet.Pooled(bytes.to(ScalarType.Float32) / 255));
        Count += images.shape[0];
    }

    /// <summary>Adds what another gathered of other images, behind one's own.</summary>
    /// <exception cref="ArgumentException">It was made with other weights.</exception>
    public void Add(ImageSetStatistics other)
    {
        ThrowIfOther(other);
        if (inception is not null)
        {
            pooled!.Add(other.pooled!);
            spatial!.Add(other.spatial!);
            logits!.Add(other.logits!);
        }
        if (resNet is not null)
            resNetFeatures!.Add(other.resNetFeatures!);
        Count += other.Count;
    }

    /// <summary>Compares these images, which were generated, with real ones.</summary>
    /// <exception cref="ArgumentException">They were made with other weights.</exception>
    /// <exception cref="InvalidOperationException">One of the two has fewer than two images, and no statistics of a reference file.</exception>
    public GenerationMetrics CompareWith(ImageSetStatistics reference)
    {
        ThrowIfOther(reference);
        if (Count < 2 || (reference.Count < 2 && reference.pooled?.Given is null))
            throw new InvalidOperationException($"A comparison needs at least two images on each side, and there are {Count} and {reference.Count}.");
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        (double Precision, double Recall)? shares = pooled?.PrecisionAndRecall(reference.pooled!), resNetShares = resNetFeatures?.PrecisionAndRecall(reference.resNetFeatures!);
        return new()
        {
            Count = Count,
            FrechetInceptionDistance = pooled?.DistanceTo(reference.pooled!),
            SpatialFrechetInceptionDistance = spatial?.DistanceTo(reference.spatial!),
            InceptionScore = logits is null ? null : InceptionScore.OfParts(logits.Parts(InceptionScore.Part)),
            Precision = shares?.Precision,
            Recall = shares?.Recall,
            ResNet18FrechetDistance = resNetFeatures?.DistanceTo(reference.resNetFeatures!),
            ResNet18Precision = resNetShares?.Precision,
            ResNet18Recall = resNetShares?.Recall,
        };
    }

    internal void Save(EvaluationState state, string name)
    {
        state.Set(name + ".count", Count);
        pooled?.Save(state, name + ".inception");
        spatial?.Save(state, name + ".spatial");
        if (logits is { Count: > 0 })
            state[name + ".logits"] = logits.All();
        resNetFeatures?.Save(state, name + ".resnet18");
    }

    /// <summary>Adds what was saved, behind one's own.</summary>
    /// <exception cref="Checkpoints.CheckpointException">It was made with other weights.</exception>
    internal void Add(EvaluationState state, string name)
    {
        pooled?.Add(state, name + ".inception");
        spatial?.Add(state, name + ".spatial");
        if (state.Has(name + ".logits"))
            logits?.Add(state[name + ".logits"]);
        resNetFeatures?.Add(state, name + ".resnet18");
        Count += (long)state.Numbers(name + ".count")[0];
    }

    /// <summary>Of each of the first images, the nearest of another set, by the features of Inception or else of the ResNet-18, and its squared distance.</summary>
    internal IReadOnlyList<(long Index, double Distance)> NearestIn(ImageSetStatistics other, int count)
    {
        ThrowIfOther(other);
        return (pooled ?? resNetFeatures!).NearestIn((other.pooled ?? other.resNetFeatures)!, count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        inception?.Dispose();
        resNet?.Dispose();
        pooled?.Dispose();
        spatial?.Dispose();
        resNetFeatures?.Dispose();
        logits?.Dispose();
    }

    private void ThrowIfOther(ImageSetStatistics other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (inception is null != other.inception is null || resNet is null != other.resNet is null)
            throw new ArgumentException("Only sets that were gathered with the same weights compare and add up.", nameof(other));
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
