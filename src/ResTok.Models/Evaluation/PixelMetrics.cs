using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>
/// How far images are from others, pixel by pixel (reference <c>evaluator.py</c>). All take images as [B, 3, H, W] in [0, 1] of float32 or
/// float64, and give one number an image.
/// </summary>
internal static class PixelMetrics
{
    /// <summary>The shorter side in pixels that <see cref="MultiScaleSsim"/> needs more than.</summary>
    public const int MultiScaleSide = 160;

    private const double C1 = 0.01 * 0.01, C2 = 0.03 * 0.03;

    /// <summary>A Gaussian of deviation 1.5, normalised in float32 as the package pytorch-msssim does.</summary>
    private static readonly float[] Window = Gaussian(11, 1.5f);

    private static readonly double[] ScaleWeights = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

    /// <summary>Peak signal to noise ratio in dB: −10·log10 of the mean squared difference.</summary>
    /// <param name="images">[B, 3, H, W] in [0, 1].</param>
    /// <param name="others">The same shape.</param>
    /// <returns>dB of each image; ∞ for equal ones.</returns>
    /// <exception cref="ArgumentException">The shapes differ or are no images.</exception>
    public static double[] Psnr(Tensor images, Tensor others)
    {
        Check(images, others);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor error = (images - others).pow(2).mean([1, 2, 3]).to(ScalarType.Float64);
        return [.. (-10 * error.log10()).data<double>()];
    }

    /// <summary>Structural similarity (Wang et al., 2004) with a Gaussian window of 11 and deviation 1.5, without padding; an axis shorter than 11 is not blurred.</summary>
    /// <inheritdoc cref="Psnr" path="/param|/exception"/>
    /// <returns>In [−1, 1], 1 for equal images.</returns>
    public static double[] Ssim(Tensor images, Tensor others)
    {
        Check(images, others);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return [.. Similarities(images, others).Whole.mean([1]).to(ScalarType.Float64).data<double>()];
    }

    /// <summary>SSIM over five scales (Wang et al., 2003). A negative term at any scale gives 0.</summary>
    /// <inheritdoc cref="Psnr" path="/param"/>
    /// <returns>In [0, 1].</returns>
    /// <exception cref="ArgumentException">The shapes differ, or the shorter side is not over <see cref="MultiScaleSide"/>.</exception>
    public static double[] MultiScaleSsim(Tensor images, Tensor others)
    {
        Check(images, others);
        if (Math.Min(images.shape[2], images.shape[3]) <= MultiScaleSide)
            throw new ArgumentException($"MS-SSIM needs images of more than {MultiScaleSide} pixels a side, and these are {images.shape[2]} × {images.shape[3]}.", nameof(images));
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor product = ones([images.shape[0], images.shape[1]], dtype: images.dtype, device: images.device);
        for (int scale = 0; scale < ScaleWeights.Length; scale++)
        {
            if (scale > 0)
                (images, others) = (Halve(images), Halve(others));
            (Tensor whole, Tensor contrast) = Similarities(images, others);
            product *= (scale < ScaleWeights.Length - 1 ? contrast : whole).clamp_min(0).pow(ScaleWeights[scale]);
        }
        return [.. product.mean([1]).to(ScalarType.Float64).data<double>()];
    }

    /// <summary>Mean over positions of the similarity, and of its part without the brightness: [B, 3] each.</summary>
    private static (Tensor Whole, Tensor Contrast) Similarities(Tensor x, Tensor y)
    {
        using var scope = NewDisposeScope();
        Tensor window = tensor(Window).to(x.dtype, x.device);
        Tensor meanX = Blur(x, window), meanY = Blur(y, window);
        Tensor varianceX = Blur(x * x, window) - meanX * meanX, varianceY = Blur(y * y, window) - meanY * meanY;
        Tensor contrast = (2 * (Blur(x * y, window) - meanX * meanY) + C2) / (varianceX + varianceY + C2);
        Tensor whole = (2 * meanX * meanY + C1) / (meanX * meanX + meanY * meanY + C1) * contrast;
        return (whole.flatten(2).mean([-1]).MoveToOuterDisposeScope(), contrast.flatten(2).mean([-1]).MoveToOuterDisposeScope());
    }

    private static Tensor Blur(Tensor x, Tensor window)
    {
        using var scope = NewDisposeScope();
        long channels = x.shape[1];
        if (x.shape[2] >= Window.Length)
            x = nn.functional.conv2d(x, window.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups: channels);
        if (x.shape[3] >= Window.Length)
            x = nn.functional.conv2d(x, window.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups: channels);
        return x.alias().MoveToOuterDisposeScope();
    }

    /// <summary>Means of 2×2; an odd axis gets a line of zeros at both ends first, which count.</summary>
    private static Tensor Halve(Tensor x)
    {
        long rows = x.shape[2] % 2, columns = x.shape[3] % 2;
        return nn.functional.avg_pool2d(x, [2, 2], [2, 2], [rows, columns]);
    }

    private static float[] Gaussian(int length, float deviation)
    {
        float[] values = [.. Enumerable.Range(-(length / 2), length).Select(i => MathF.Exp(-(i * i) / (2 * deviation * deviation)))];
        float sum = values.Sum();
        return [.. values.Select(value => value / sum)];
    }

    private static void Check(Tensor images, Tensor others)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(others);
        if (images.dim() != 4 || !images.shape.SequenceEqual(others.shape))
            throw new ArgumentException($"Images must be two tensors of one shape [B, 3, H, W], not [{string.Join(", ", images.shape)}] and [{string.Join(", ", others.shape)}].", nameof(images));
    }
}
