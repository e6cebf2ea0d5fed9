using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>
/// Gathers <see cref="ReconstructionMetrics"/> batch by batch, in memory that does not grow; batches may be of any size, and what several
/// workers gathered adds up.
/// </summary>
public sealed class ReconstructionEvaluator : IDisposable
{
    private readonly InceptionNetwork? inception;
    private readonly AlexDistance? alexNet;
    private readonly ResNet18Network? resNet;
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
    {
        Runtime.TorchRuntime.EnsureLoaded();
        try
        {
            inception = weights?.LoadInception(device ?? CPU);
            alexNet = weights?.LoadAlexNet(device ?? CPU);
            resNet = weights?.LoadResNet18(device ?? CPU);
        }
        catch
        {
            Dispose();
            throw;
        }
        if (inception is not null)
            (real, rebuilt, score) = (new(InceptionNetwork.Features), new(InceptionNetwork.Features), new());
        if (resNet is not null)
            (resNetReal, resNetRebuilt) = (new(ResNet18Network.Features), new(ResNet18Network.Features));
        codebook = codebookSize is { } size ? new(size) : null;
    }

    /// <summary>Adds pairs.</summary>
    /// <param name="images">[B, 3, H, W] in [0, 1], float32.</param>
    /// <param name="reconstructions">The same shape; values are clamped to [0, 1] and rounded to 8 bits, as files would hold them.</param>
    /// <param name="tokens">Of these images, where a codebook's size was given; they may be left out.</param>
    /// <exception cref="ArgumentException">The shapes differ, a token is not of the codebook, or a feature is not finite.</exception>
    public void Add(Tensor images, Tensor reconstructions, ReadOnlySpan<int> tokens = default)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor x = images.clamp(0, 1).cpu(), y = (reconstructions.clamp(0, 1) * 255).round().cpu() / 255;
        double[] ratios = PixelMetrics.Psnr(x, y), similarities = PixelMetrics.Ssim(x, y);
        hasMultiScale &= Math.Min(x.shape[2], x.shape[3]) > PixelMetrics.MultiScaleSide;
        codebook?.Add(tokens);
        if (hasMultiScale)
            multiScale += PixelMetrics.MultiScaleSsim(x, y).Sum();
        if (alexNet is not null)
            lpips += alexNet.Forward(y, x).to(ScalarType.Float64).sum().item<double>();
        if (inception is not null)
        {
            using InceptionFeatures ofImages = inception.Forward((x * 255).to(ScalarType.Byte)), ofRebuilt = inception.Forward((y * 255).to(ScalarType.Byte));
            real!.Add(ofImages.Pooled);
            rebuilt!.Add(ofRebuilt.Pooled);
            score!.Add(ofRebuilt.Logits);
        }
        if (resNet is not null)
        {
            perceptual += resNet.Distance(x, y).to(ScalarType.Float64).sum().item<double>();
            resNetReal!.Add(resNet.Pooled(x));
            resNetRebuilt!.Add(resNet.Pooled(y));
        }
        psnr += ratios.Sum();
        ssim += similarities.Sum();
        count += x.shape[0];
    }

    /// <summary>Adds what another gathered, of other images with the same weights and codebook.</summary>
    /// <exception cref="ArgumentException">It gathers other metrics.</exception>
    public void Add(ReconstructionEvaluator other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (inception is null != other.inception is null || alexNet is null != other.alexNet is null || resNet is null != other.resNet is null || codebook is null != other.codebook is null)
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
            Lpips = alexNet is null ? null : lpips / count,
            FrechetInceptionDistance = Distance(real, rebuilt),
            InceptionScore = score?.Value(),
            ResNet18PerceptualDistance = resNet is null ? null : perceptual / count,
            ResNet18FrechetDistance = Distance(resNetReal, resNetRebuilt),
            CodebookUsage = codebook?.Usage,
            CodebookEntropy = codebook?.Entropy,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        inception?.Dispose();
        alexNet?.Dispose();
        resNet?.Dispose();
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
