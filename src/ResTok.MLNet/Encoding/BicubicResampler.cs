namespace ResTok.MLNet.Encoding;

/// <summary>
/// Antialiased bicubic resampling of 8-bit RGB as the Python imaging library does it, which the reference uses: a = −0.5, the
/// filter widened by the scale when shrinking, fixed-point weights, rounded to 8 bits after the horizontal and the vertical pass.
/// </summary>
internal static class BicubicResampler
{
    private const int FractionBits = 22;

    /// <param name="source">Interleaved RGB, row by row.</param>
    /// <param name="width">Its width.</param>
    /// <param name="height">Its height.</param>
    /// <param name="newWidth">Width of the result.</param>
    /// <param name="newHeight">Height of the result.</param>
    /// <returns>Interleaved RGB.</returns>
    public static byte[] Resize(byte[] source, int width, int height, int newWidth, int newHeight)
    {
        byte[] wide = width == newWidth ? source : ResizeRows(source, width, height, Taps(width, newWidth, 0, newWidth));
        return height == newHeight ? wide : Transpose(ResizeRows(Transpose(wide, newWidth, height), height, newWidth, Taps(height, newHeight, 0, newHeight)), newHeight, newWidth);
    }

    /// <summary>
    /// A square out of the resized image, and no more of it than that, of no more rows than it needs: an image of one pixel by thousands,
    /// shorter edge to size, would take gigabytes.
    /// </summary>
    /// <param name="source">Interleaved RGB, row by row.</param>
    /// <param name="width">Its width.</param>
    /// <param name="height">Its height.</param>
    /// <param name="newWidth">Width of the resized image.</param>
    /// <param name="newHeight">Height of the resized image.</param>
    /// <param name="left">The square's first column in it.</param>
    /// <param name="top">The square's first row in it.</param>
    /// <param name="size">The square's side.</param>
    /// <returns>Interleaved RGB of the square.</returns>
    public static byte[] ResizeAndCut(byte[] source, int width, int height, long newWidth, long newHeight, long left, long top, int size)
    {
        (int First, int[] Weights)[] down = Taps(height, newHeight, top, size);
        int first = down[0].First, rows = down.Max(tap => tap.First + tap.Weights.Length) - first;
        byte[] wide = ResizeRows(source.AsSpan((int)(3L * width * first)), width, rows, Taps(width, newWidth, left, size));
        return Transpose(ResizeRows(Transpose(wide, size, rows), rows, size, [.. down.Select(tap => (tap.First - first, tap.Weights))]), size, size);
    }

    /// <param name="source">Interleaved RGB of at least so many rows.</param>
    /// <param name="width">Its width.</param>
    /// <param name="height">Rows to resize.</param>
    /// <param name="taps">Of each column of the result.</param>
    private static byte[] ResizeRows(ReadOnlySpan<byte> source, int width, int height, (int First, int[] Weights)[] taps)
    {
        int count = taps.Length;
        var result = new byte[3L * count * height];
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = source.Slice(3 * width * y, 3 * width);
            Span<byte> target = result.AsSpan(3 * count * y, 3 * count);
            for (int x = 0; x < count; x++)
            {
                (int first, int[] weights) = taps[x];
                int red = 1 << (FractionBits - 1), green = red, blue = red;
                for (int i = 0, at = 3 * first; i < weights.Length; i++, at += 3)
                {
                    red += weights[i] * row[at];
                    green += weights[i] * row[at + 1];
                    blue += weights[i] * row[at + 2];
                }
                target[3 * x] = ToByte(red);
                target[3 * x + 1] = ToByte(green);
                target[3 * x + 2] = ToByte(blue);
            }
        }
        return result;
    }

    /// <summary>Those of <paramref name="count"/> pixels from <paramref name="start"/> on.</summary>
    private static (int First, int[] Weights)[] Taps(int size, long newSize, long start, int count) =>
        [.. Enumerable.Range(0, count).Select(x => Taps(start + x, size, newSize))];

    /// <summary>The source pixels and fixed-point weights that make one pixel of the result.</summary>
    private static (int First, int[] Weights) Taps(long x, int size, long newSize)
    {
        double scale = (double)size / newSize, filterScale = Math.Max(scale, 1), support = 2 * filterScale;
        double center = (x + 0.5) * scale;
        int first = Math.Max((int)(center - support + 0.5), 0), end = Math.Min((int)(center + support + 0.5), size);
        double[] weights = [.. Enumerable.Range(first, end - first).Select(pixel => Cubic((pixel - center + 0.5) / filterScale))];
        double sum = weights.Sum();
        return (first, [.. weights.Select(weight => (int)Math.Round(weight / sum * (1 << FractionBits), MidpointRounding.AwayFromZero))]);
    }

    private static double Cubic(double x)
    {
        const double A = -0.5;
        x = Math.Abs(x);
        return x < 1 ? ((A + 2) * x - (A + 3)) * x * x + 1
            : x < 2 ? (((x - 5) * x + 8) * x - 4) * A
            : 0;
    }

    private static byte ToByte(int fixedPoint) => (byte)Math.Clamp(fixedPoint >> FractionBits, 0, 255);

    private static byte[] Transpose(byte[] source, int width, int height)
    {
        var result = new byte[source.Length];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
                source.AsSpan(3 * (y * width + x), 3).CopyTo(result.AsSpan(3 * (x * height + y)));
        }
        return result;
    }
}
