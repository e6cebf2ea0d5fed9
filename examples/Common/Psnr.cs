using Microsoft.ML.Data;

internal static class Psnr
{
    /// <summary>Peak signal-to-noise ratio of two images' 8-bit RGB in dB.</summary>
    public static double Of(MLImage a, MLImage b)
    {
        ReadOnlySpan<byte> x = a.Pixels, y = b.Pixels;
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
        {
            if (i % 4 != 3)
                sum += (x[i] - y[i]) * (x[i] - y[i]);
        }
        return 10 * Math.Log10(255.0 * 255.0 * (x.Length / 4 * 3) / sum);
    }
}
