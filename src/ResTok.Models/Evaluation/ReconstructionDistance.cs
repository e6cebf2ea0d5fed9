namespace ResTok.Models.Evaluation;

/// <summary>How close one reconstruction comes to its image.</summary>
/// <param name="Psnr">In dB; ∞ where they are equal.</param>
/// <param name="Ssim">In [−1, 1].</param>
/// <param name="Lpips">On AlexNet, from 0; null without its weights.</param>
/// <param name="ResNet18PerceptualDistance">In [0, 2]; null without its weights.</param>
public readonly record struct ReconstructionDistance(double Psnr, double Ssim, double? Lpips, double? ResNet18PerceptualDistance);
