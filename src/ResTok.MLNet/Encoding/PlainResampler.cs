namespace ResTok.MLNet.Encoding;

/// <summary>What <see cref="Resampler"/> computes, one value at a time: for processors whose vectors are too short, and to compare with.</summary>
internal static class PlainResampler
{
    /// <inheritdoc cref="Resampler.Resample"/>
    public static uint[] Resample(ReadOnlySpan<byte> source, int bytesPerPixel, int width, int height, ResamplingTaps across, ResamplingTaps down)
    {
        int count = across.Count, top = down.First.Min();
        int[][] weights = AllOf(across);
        var wide = new byte[3L * count * (down.End - top)];
        int to = 0;
        for (int y = top; y < down.End; y++)
        {
            ReadOnlySpan<byte> row = source.Slice((int)((long)bytesPerPixel * width * y), bytesPerPixel * width);
            for (int x = 0; x < count; x++, to += 3)
                Mix(row, bytesPerPixel * across.First[x], bytesPerPixel, weights[x], out wide[to], out wide[to + 1], out wide[to + 2]);
        }
        weights = AllOf(down);
        var result = new uint[(long)down.Count * count];
        for (int y = 0, pixel = 0; y < down.Count; y++)
        {
            for (int x = 0; x < count; x++, pixel++)
            {
                Mix(wide, 3 * (count * (down.First[y] - top) + x), 3 * count, weights[y], out byte red, out byte green, out byte blue);
                result[pixel] = (uint)(red | green << 8 | blue << 16);
            }
        }
        return result;
    }

    private static int[][] AllOf(ResamplingTaps taps) => [.. Enumerable.Range(0, taps.Count).Select(taps.PlainWeightsOf)];

    private static void Mix(ReadOnlySpan<byte> values, int at, int step, int[] weights, out byte first, out byte second, out byte third)
    {
        int red = 1 << (ResamplingTaps.FractionBits - 1), green = red, blue = red;
        foreach (int weight in weights)
        {
            red += weight * values[at];
            green += weight * values[at + 1];
            blue += weight * values[at + 2];
            at += step;
        }
        (first, second, third) = (ToByte(red), ToByte(green), ToByte(blue));
    }

    private static byte ToByte(int fixedPoint) => (byte)Math.Clamp(fixedPoint >> ResamplingTaps.FractionBits, 0, 255);
}
