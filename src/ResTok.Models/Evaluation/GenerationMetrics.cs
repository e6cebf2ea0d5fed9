namespace ResTok.Models.Evaluation;

/// <summary>How close a set of generated images comes to real ones (paper section 5; reference <c>evaluations/c2i/evaluator.py</c>).</summary>
public sealed record GenerationMetrics
{
    /// <summary>Generated images.</summary>
    public required long Count { get; init; }

    /// <summary>gFID, from 0: the Fréchet distance between pooled Inception features; null without <see cref="EvaluationWeights.Inception"/>, as the next four.</summary>
    public double? FrechetInceptionDistance { get; init; }

    /// <summary>sFID, from 0: the same of spatial features; null where the reference statistics have none.</summary>
    public double? SpatialFrechetInceptionDistance { get; init; }

    /// <summary>Of the generated images in parts of 5000, from 1; NaN where a class's probability is 0, as in the reference.</summary>
    public double? InceptionScore { get; init; }

    /// <summary>The share of generated images among real ones, in [0, 1] (k = 3); null where the reference has no images, or fewer than four.</summary>
    public double? Precision { get; init; }

    /// <summary>The share of real images among generated ones, in [0, 1] (k = 3); null as <see cref="Precision"/>.</summary>
    public double? Recall { get; init; }

    /// <summary>
    /// The ResNet-18 Fréchet distance, from 0: FID's formula on the 512 features of <see cref="EvaluationWeights.ResNet18"/>. Not to be called
    /// FID. Null without its weights or where the reference has no images, as the next two.
    /// </summary>
    public double? ResNet18FrechetDistance { get; init; }

    /// <summary><see cref="Precision"/> on the ResNet-18's features.</summary>
    public double? ResNet18Precision { get; init; }

    /// <summary><see cref="Recall"/> on the ResNet-18's features.</summary>
    public double? ResNet18Recall { get; init; }
}
