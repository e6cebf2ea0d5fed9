namespace ResTok.MLNet.Encoding;

/// <summary>What a resampled value is made of.</summary>
internal enum ResamplingFilter
{
    /// <summary>Two pixels to either side, a = −0.5.</summary>
    Bicubic,

    /// <summary>Half a pixel to either side: the mean of what a pixel covers.</summary>
    Box,
}

/// <summary>The source pixels and fixed-point weights that make each pixel of a resampled row or column.</summary>
internal sealed class ResamplingTaps
{
    /// <summary>Of the weights, as the Python imaging library has them.</summary>
    public const int FractionBits = 22;

    private readonly int[] weights; // of each pixel an even number, the last 0 where it has an odd one
    private readonly int[] starts;

    private ResamplingTaps(int[] first, int[] starts, int[] weights, int end)
    {
        First = first;
        End = end;
        this.starts = starts;
        this.weights = weights;
    }

    /// <summary>Pixels of the result.</summary>
    public int Count => First.Length;

    /// <summary>The first source pixel of each.</summary>
    public int[] First { get; }

    /// <summary>Past the last source pixel of any.</summary>
    public int End { get; }

    /// <summary>Those of <paramref name="count"/> pixels from <paramref name="start"/> on, of <paramref name="size"/> pixels made <paramref name="newSize"/>.</summary>
    public static ResamplingTaps Of(ResamplingFilter filter, int size, long newSize, long start, int count)
    {
        double scale = (double)size / newSize, filterScale = Math.Max(scale, 1), support = (filter == ResamplingFilter.Bicubic ? 2 : 0.5) * filterScale;
        var first = new int[count];
        var starts = new int[count + 1];
        int most = (int)Math.Min(size, Math.Ceiling(2 * support) + 2), last = 0;
        for (int i = 0; i < count; i++)
        {
            double center = (start + i + 0.5) * scale;
            first[i] = Math.Max((int)(center - support + 0.5), 0);
            int end = Math.Min((int)(center + support + 0.5), size);
            starts[i + 1] = checked(starts[i] + (end - first[i] + 1) / 2 * 2);
            last = Math.Max(last, end);
        }
        var weights = new int[starts[count]];
        var values = new double[most];
        for (int i = 0; i < count; i++)
        {
            double center = (start + i + 0.5) * scale, sum = 0;
            int taps = Math.Min((int)(center + support + 0.5), size) - first[i];
            for (int tap = 0; tap < taps; tap++)
            {
                double x = (first[i] + tap - center + 0.5) / filterScale;
                sum += values[tap] = filter == ResamplingFilter.Bicubic ? Cubic(x) : x is > -0.5 and <= 0.5 ? 1 : 0;
            }
            for (int tap = 0; tap < taps; tap++)
                weights[starts[i] + tap] = (int)Math.Round(values[tap] / sum * (1 << FractionBits), MidpointRounding.AwayFromZero);
        }
        return new(first, starts, weights, last);
    }

    /// <summary>The weights of a pixel, an even number of them; the last may be of a source pixel beyond the end, and is 0 then.</summary>
    public ReadOnlySpan<int> WeightsOf(int pixel) => weights.AsSpan(starts[pixel], starts[pixel + 1] - starts[pixel]);

    private static double Cubic(double x)
    {
        const double A = -0.5;
        x = Math.Abs(x);
        return x < 1 ? ((A + 2) * x - (A + 3)) * x * x + 1
            : x < 2 ? (((x - 5) * x + 8) * x - 4) * A
            : 0;
    }
}
