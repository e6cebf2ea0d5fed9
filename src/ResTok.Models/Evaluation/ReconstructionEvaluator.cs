using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>
/// Gathers <see cref="ReconstructionMetrics"/> batch by batch, in memory that does not grow; batches may be of any size, and what several
/// workers gathered adds up.
/// </summary>
public sealed class ReconstructionEvaluator : IDisposable
{
    private readonly ReconstructionNetworks networks;
    private readonly bool ownsNetworks;
    private readonly FeatureStatistics? real, rebuilt; // of Inception
    private readonly FeatureStatistics? resNetReal, resNetRebuilt;
    private readonly InceptionScore? score;
    private readonly CodebookStatistics? codebook;
    private double psnr, ssim, multiScale, lpips, perceptual;
    private bool hasMultiScale = true;
    private long count;

    /// <param name="weights">Of the networks that some metrics need; null for none.</param>
    /// <param name="codebookSize">Of the tokenizer, where tokens are given too (config key <c>codebook_size</c>).</param>
    /// <param name="device">Where the networks compute; the CPU by default.</param>
    /// <exception cref="Checkpoints.CheckpointException">A network's file is missing or another.</exception>
    /// <exception cref="ArgumentException">Only one of LPIPS's two files is given.</exception>
    public ReconstructionEvaluator(EvaluationWeights? weights = null, int? codebookSize = null, Device? device = null)
        : this(new ReconstructionNetworks(weights, device), codebookSize)
    {
        ownsNetworks = true;
    }

    /// <summary>An evaluator with networks that others use too.</summary>
    internal ReconstructionEvaluator(ReconstructionNetworks networks, int? codebookSize)
    {
        this.networks = networks;
        if (networks.Inception is not null)
            (real, rebuilt, score) = (new(InceptionNetwork.Features), new(InceptionNetwork.Features), new());
        if (networks.ResNet18 is not null)
            (resNetReal, resNetRebuilt) = (new(ResNet18Network.Features), new(ResNet18Network.Features));
        codebook = codebookSize is { } size ? new(size) : null;
    }

    /// <summary>Adds pairs.</summary>
    /// <param name="images">[B, 3, H, W] in [0, 1], float32.</param>
    /// <param name="reconstructions">The same shape; values are clamped to [0, 1] and rounded to 8 bits, as files would hold them.</param>
    /// <param name="tokens">Of these images, where a codebook's size was given; they may be left out.</param>
    /// <returns>How close each pair is.</returns>
    /// <exception cref="ArgumentException">The shapes differ, a token is not of the codebook, or a feature is not finite.</exception>
    public IReadOnlyList<ReconstructionDistance> Add(Tensor images, Tensor reconstructions, ReadOnlySpan<int> tokens = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(reconstructions);
        using Tensor x = Clamped(images);
        using ImageFeatures features = networks.FeaturesOf(x);
        return Add(x, features, reconstructions, tokens);
    }

    /// <summary>Images as metrics see them: in [0, 1], on the CPU.</summary>
    internal static Tensor Clamped(Tensor images)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return images.clamp(0, 1).cpu().MoveToOuterDisposeScope();
    }

    /// <summary>The same for images, as <see cref="Clamped"/> gives them, whose features are known.</summary>
    internal IReadOnlyList<ReconstructionDistance> Add(Tensor x, ImageFeatures ofImages, Tensor reconstructions, ReadOnlySpan<int> tokens)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor y = (reconstructions.clamp(0, 1) * 255).round().cpu() / 255;
        double[] ratios = PixelMetrics.Psnr(x, y), similarities = PixelMetrics.Ssim(x, y);
        hasMultiScale &= Math.Min(x.shape[2], x.shape[3]) > PixelMetrics.MultiScaleSide;
        if (hasMultiScale)
            multiScale += PixelMetrics.MultiScaleSsim(x, y).Sum();
        codebook?.Add(tokens);
        double[]? lpipsOf = Numbers(networks.AlexNet?.Forward(y, x)), perceptualOf = Numbers(networks.ResNet18?.Distance(x, y));
        using ImageFeatures ofRebuilt = networks.FeaturesOf(y);
        if (ofRebuilt.Inception is { } inception)
        {
            real!.Add(ofImages.Inception!.Pooled);
            rebuilt!.Add(inception.Pooled);
            score!.Add(inception.Logits);
        }
        if (ofRebuilt.ResNet18 is { } resNet)
        {
            resNetReal!.Add(ofImages.ResNet18!);
            resNetRebuilt!.Add(resNet);
        }
        psnr += ratios.Sum();
        ssim += similarities.Sum();
        lpips += lpipsOf?.Sum() ?? 0;
        perceptual += perceptualOf?.Sum() ?? 0;
        count += x.shape[0];
        return [.. ratios.Select((ratio, i) => new ReconstructionDistance(ratio, similarities[i], lpipsOf?[i], perceptualOf?[i]))];

        static double[]? Numbers(Tensor? distances) => distances?.to(ScalarType.Float64).cpu().data<double>().ToArray();
    }

    /// <summary>Adds what another gathered, of other images with the same weights and codebook.</summary>
    /// <exception cref="ArgumentException">It gathers other metrics.</exception>
    public void Add(ReconstructionEvaluator other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (real is null != other.real is null || networks.AlexNet is null != other.networks.AlexNet is null || resNetReal is null != other.resNetReal is null || codebook is null != other.codebook is null)
            throw new ArgumentException("Only evaluators with the same weights and codebook add up.", nameof(other));
        if (codebook is not null)
            codebook.Add(other.codebook!);
        if (real is not null)
        {
            real.Add(other.real!);
            rebuilt!.Add(other.rebuilt!);
            score!.Add(other.score!);
        }
        if (resNetReal is not null)
        {
            resNetReal.Add(other.resNetReal!);
            resNetRebuilt!.Add(other.resNetRebuilt!);
        }
        (psnr, ssim, multiScale) = (psnr + other.psnr, ssim + other.ssim, multiScale + other.multiScale);
        (lpips, perceptual) = (lpips + other.lpips, perceptual + other.perceptual);
        hasMultiScale &= other.hasMultiScale;
        count += other.count;
    }

    internal void Save(EvaluationState state, string name)
    {
        state.Set(name + ".sums", count, psnr, ssim, multiScale, lpips, perceptual, hasMultiScale ? 1 : 0);
        codebook?.Save(state, name + ".codebook");
        real?.Save(state, name + ".inception.real");
        rebuilt?.Save(state, name + ".inception.rebuilt");
        score?.Save(state, name + ".inception.score");
        resNetReal?.Save(state, name + ".resnet18.real");
        resNetRebuilt?.Save(state, name + ".resnet18.rebuilt");
    }

    /// <summary>Adds what was saved.</summary>
    /// <exception cref="Checkpoints.CheckpointException">It gathers other metrics.</exception>
    internal void Add(EvaluationState state, string name)
    {
        codebook?.Add(state, name + ".codebook");
        real?.Add(state, name + ".inception.real");
        rebuilt?.Add(state, name + ".inception.rebuilt");
        score?.Add(state, name + ".inception.score");
        resNetReal?.Add(state, name + ".resnet18.real");
        resNetRebuilt?.Add(state, name + ".resnet18.rebuilt");
        double[] sums = state.Numbers(name + ".sums");
        count += (long)sums[0];
        (psnr, ssim, multiScale, lpips, perceptual) = (psnr + sums[1], ssim + sums[2], multiScale + sums[3], lpips + sums[4], perceptual + sums[5]);
        hasMultiScale &= sums[6] == 1;
    }

    /// <summary>The metrics of what was added so far.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public ReconstructionMetrics Result()
    {
        if (count == 0)
            throw new InvalidOperationException("No images were added, so there is nothing to evaluate.");
        return new()
        {
            Count = count,
            Psnr = psnr / count,
            Ssim = ssim / count,
            MultiScaleSsim = hasMultiScale ? multiScale / count : null,
            Lpips = networks.AlexNet is null ? null : lpips / count,
            FrechetInceptionDistance = Distance(real, rebuilt),
            InceptionScore = score?.Value(),
            ResNet18PerceptualDistance = resNetReal is null ? null : perceptual / count,
            ResNet18FrechetDistance = Distance(resNetReal, resNetRebuilt),
            CodebookUsage = codebook?.Usage,
            CodebookEntropy = codebook?.Entropy,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (ownsNetworks)
            networks.Dispose();
        resNetReal?.Dispose();
        resNetRebuilt?.Dispose();
        real?.Dispose();
        rebuilt?.Dispose();
        score?.Dispose();
    }

    private double? Distance(FeatureStatistics? ofImages, FeatureStatistics? ofRebuilt)
    {
        if (ofImages is null || ofRebuilt is null || count < 2)
            return null;
        using FeatureDistribution first = ofImages.Distribution(), second = ofRebuilt.Distribution();
        return first.DistanceTo(second);
    }
}
