using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ResTok.MLNet.Encoding;

/// <summary>What a resampled value is made of.</summary>
internal enum ResamplingFilter
{
    /// <summary>Two pixels to either side, a = −0.5.</summary>
    Bicubic,

    /// <summary>Half a pixel to either side: the mean of what a pixel covers.</summary>
    Box,
}

/// <summary>
/// The source pixels and fixed-point weights that make each pixel of a resampled row or column. Weights come by four, the last filled with
/// 0, each as two numbers of 16 bits, which processors multiply and add in pairs: weight = high · 2^11 + low.
/// </summary>
internal sealed class ResamplingTaps
{
    /// <summary>Of the weights, as the Python imaging library has them.</summary>
    public const int FractionBits = 22;

    /// <summary>Of the low part of a weight.</summary>
    public const int LowBits = 11;

    private readonly Vector128<short>[] groups; // high parts of four weights, then their low parts
    private readonly int[] starts;

    private ResamplingTaps(int[] first, int[] starts, Vector128<short>[] groups, int end)
    {
        First = first;
        End = end;
        this.starts = starts;
        this.groups = groups;
    }

    /// <summary>Pixels of the result.</summary>
    public int Count => First.Length;

    /// <summary>The first source pixel of each.</summary>
    public int[] First { get; }

    /// <summary>Past the last source pixel of any.</summary>
    public int End { get; }

    /// <summary>Those of <paramref name="count"/> pixels from <paramref name="start"/> on, of <paramref name="size"/> pixels made <paramref name="newSize"/>.</summary>
    /// <param name="filter">Gives the weights.</param>
    /// <param name="size">Source pixels.</param>
    /// <param name="newSize">Pixels of the whole result.</param>
    /// <param name="start">The first of them to make.</param>
    /// <param name="count">How many.</param>
    /// <param name="alignment">What the first source pixel of each is a multiple of.</param>
    public static ResamplingTaps Of(ResamplingFilter filter, int size, long newSize, long start, int count, int alignment = 1)
    {
        double scale = (double)size / newSize, filterScale = Math.Max(scale, 1), support = (filter == ResamplingFilter.Bicubic ? 2 : 0.5) * filterScale;
        var first = new int[count];
        var starts = new int[count + 1];
        int most = (int)Math.Min(size, Math.Ceiling(2 * support) + 2), last = 0;
        for (int i = 0; i < count; i++)
        {
            (int begin, int end) = Range(i);
            first[i] = begin / alignment * alignment;
            starts[i + 1] = checked(starts[i] + (end - first[i] + 3) / 4);
            last = Math.Max(last, end);
        }
        var groups = new Vector128<short>[starts[count]];
        var values = new double[most];
        for (int i = 0; i < count; i++)
        {
            (int begin, int end) = Range(i);
            double center = (start + i + 0.5) * scale, sum = 0;
            for (int tap = 0; tap < end - begin; tap++)
            {
                double x = (begin + tap - center + 0.5) / filterScale;
                sum += values[tap] = filter == ResamplingFilter.Bicubic ? Cubic(x) : x is > -0.5 and <= 0.5 ? 1 : 0;
            }
            Span<short> parts = MemoryMarshal.Cast<Vector128<short>, short>(groups.AsSpan(starts[i]..starts[i + 1]));
            for (int tap = 0, place = begin - first[i]; tap < end - begin; tap++, place++)
            {
                int weight = (int)Math.Round(values[tap] / sum * (1 << FractionBits), MidpointRounding.AwayFromZero), at = place / 4 * 8 + place % 4;
                parts[at] = (short)(weight >> LowBits);
                parts[at + 4] = (short)(weight & ((1 << LowBits) - 1));
            }
        }
        return new(first, starts, groups, last);

        (int Begin, int End) Range(int pixel)
        {
            double center = (start + pixel + 0.5) * scale;
            return (Math.Max((int)(center - support + 0.5), 0), Math.Min((int)(center + support + 0.5), size));
        }
    }

    /// <summary>The weights of a pixel, by four: those of source pixels beyond its own, and beyond the end, are 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<Vector128<short>> WeightsOf(int pixel) => groups.AsSpan(starts[pixel]..starts[pixel + 1]);

    /// <summary>The weights of a pixel's own source pixels, one by one.</summary>
    public int[] PlainWeightsOf(int pixel)
    {
        ReadOnlySpan<short> parts = MemoryMarshal.Cast<Vector128<short>, short>(WeightsOf(pixel));
        var weights = new int[parts.Length / 2];
        for (int i = 0; i < weights.Length; i++)
            weights[i] = (parts[i / 4 * 8 + i % 4] << LowBits) + parts[i / 4 * 8 + 4 + i % 4];
        return weights[..(Array.FindLastIndex(weights, weight => weight != 0) + 1)];
    }

    private static double Cubic(double x)
    {
        const double A = -0.5;
        x = Math.Abs(x);
        return x < 1 ? ((A + 2) * x - (A + 3)) * x * x + 1
            : x < 2 ? (((x - 5) * x + 8) * x - 4) * A
            : 0;
    }
}
