namespace ResTok.Models.Evaluation;

/// <summary>How close reconstructions come to their images (paper section 5; reference <c>evaluator.py</c>). Means over images, unless said.</summary>
public sealed record ReconstructionMetrics
{
    /// <summary>Pairs of images.</summary>
    public required long Count { get; init; }

    /// <summary>Peak signal to noise ratio in dB; ∞ where an image is rebuilt exactly.</summary>
    public required double Psnr { get; init; }

    /// <summary>Structural similarity, in [−1, 1].</summary>
    public required double Ssim { get; init; }

    /// <summary>MS-SSIM, in [0, 1]; null for images of at most 160 pixels a side, which it is not defined for.</summary>
    public double? MultiScaleSsim { get; init; }

    /// <summary>LPIPS on AlexNet, from 0; null without its weights.</summary>
    public double? Lpips { get; init; }

    /// <summary>rFID, from 0, between all images and all reconstructions; null without its weights or with fewer than two pairs.</summary>
    public double? FrechetInceptionDistance { get; init; }

    /// <summary>Of all reconstructions, from 1; null without its weights.</summary>
    public double? InceptionScore { get; init; }

    /// <summary>
    /// The ResNet-18 perceptual distance, in [0, 2]: LPIPS's formula without learned heads, on the network of
    /// <see cref="EvaluationWeights.ResNet18"/>. Not to be called LPIPS. Null without its weights.
    /// </summary>
    public double? ResNet18PerceptualDistance { get; init; }

    /// <summary>
    /// The ResNet-18 Fréchet distance, from 0: FID's formula on that network's 512 features. Not to be called FID. Null without its weights or
    /// with fewer than two pairs.
    /// </summary>
    public double? ResNet18FrechetDistance { get; init; }

    /// <summary>The share of the codebook that came, in [0, 1]; null without tokens.</summary>
    public double? CodebookUsage { get; init; }

    /// <summary>Bits of information of a token; null without tokens.</summary>
    public double? CodebookEntropy { get; init; }
}
