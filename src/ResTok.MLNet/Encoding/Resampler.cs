using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ResTok.MLNet.Encoding;

/// <summary>
/// Antialiased resampling of 8-bit RGB as the Python imaging library does it, which the reference uses: the filter widened by the scale
/// when shrinking, fixed-point weights, rounded to 8 bits after the horizontal and the vertical pass. Sums are of integers, and so the
/// same in any order: pixels are multiplied in pairs, by the high and by the low parts of weights (<see cref="ResamplingTaps"/>).
/// </summary>
internal static class Resampler
{
    private const int Rounding = 1 << (ResamplingTaps.FractionBits - 1);
    private const int Block = 8; // pixels
    private const int ShortsPerPixel = 8; // of two rows, four values each

    /// <summary>Interleaved RGB, row by row, in another size.</summary>
    public static byte[] Resize(byte[] source, int width, int height, int newWidth, int newHeight, ResamplingFilter filter = ResamplingFilter.Bicubic) =>
        ToRgb(Resample(source, 3, width, height, ResamplingTaps.Of(filter, width, newWidth, 0, newWidth), ResamplingTaps.Of(filter, height, newHeight, 0, newHeight, 2)));

    /// <summary>
    /// A square out of the resized image, interleaved RGB, and no more of it than that, of no more rows than it needs: an image of one pixel
    /// by thousands, shorter edge to size, would take gigabytes.
    /// </summary>
    public static byte[] ResizeAndCut(byte[] source, int width, int height, long newWidth, long newHeight, long left, long top, int size) =>
        ToRgb(ResizeAndCut(source, 3, width, height, newWidth, newHeight, left, top, size));

    /// <summary>The same of pixels of three or four bytes, whose fourth does not matter.</summary>
    /// <returns>Pixels of four bytes.</returns>
    public static uint[] ResizeAndCut(ReadOnlySpan<byte> source, int bytesPerPixel, int width, int height, long newWidth, long newHeight, long left, long top, int size) => Resample(
        source, bytesPerPixel, width, height,
        ResamplingTaps.Of(ResamplingFilter.Bicubic, width, newWidth, left, size), ResamplingTaps.Of(ResamplingFilter.Bicubic, height, newHeight, top, size, 2));

    /// <param name="source">Pixels of three or four bytes, row by row.</param>
    /// <param name="bytesPerPixel">Three or four.</param>
    /// <param name="width">The source's.</param>
    /// <param name="height">The source's.</param>
    /// <param name="across">Of each column of the result.</param>
    /// <param name="down">Of each row of the result, from even rows on.</param>
    /// <returns>Pixels of four bytes.</returns>
    public static uint[] Resample(ReadOnlySpan<byte> source, int bytesPerPixel, int width, int height, ResamplingTaps across, ResamplingTaps down)
    {
        if (!Vector256.IsHardwareAccelerated)
            return PlainResampler.Resample(source, bytesPerPixel, width, height, across, down);
        int count = across.Count, first = down.First.Min(), pairs = (down.End - first + 1) / 2;
        var wide = GC.AllocateUninitializedArray<Vector128<int>>(checked((pairs + 1) * count + Block)); // more, since weights come by four and pixels in blocks
        wide.AsSpan(pairs * count).Clear();
        uint[] upper = new uint[width + 3], lower = new uint[width + 3];
        for (int pair = 0; pair < pairs; pair++)
        {
            int y = first + 2 * pair;
            ReadRow(source, bytesPerPixel, width, y, upper);
            ReadRow(source, bytesPerPixel, width, Math.Min(y + 1, height - 1), lower);
            ResampleRows(upper, lower, across, wide.AsSpan(pair * count, count));
        }
        var result = new uint[(long)down.Count * count];
        for (int y = 0; y < down.Count; y++)
            MixRows(MemoryMarshal.Cast<Vector128<int>, short>(wide.AsSpan((down.First[y] - first) / 2 * count)), ShortsPerPixel * count, down.WeightsOf(y), result.AsSpan(y * count, count));
        return result;
    }

    /// <summary>Two rows, pixel by pixel of the result: four of the source at a time.</summary>
    /// <param name="upper">The first row.</param>
    /// <param name="lower">That below it.</param>
    /// <param name="taps">Of each pixel of the result.</param>
    /// <param name="target">Gets, of each pixel and colour, the upper and the lower row's value.</param>
    private static void ResampleRows(ReadOnlySpan<uint> upper, ReadOnlySpan<uint> lower, ResamplingTaps taps, Span<Vector128<int>> target)
    {
        for (int x = 0; x < target.Length; x++)
        {
            Vector256<int> upperHigh = default, upperLow = default, lowerHigh = default, lowerLow = default;
            int at = taps.First[x];
            foreach (Vector128<short> weights in taps.WeightsOf(x))
            {
                Vector256<int> all = weights.AsInt32().ToVector256Unsafe();
                Vector256<short> high = Vector256.Shuffle(all, Vector256.Create(0, 0, 0, 0, 1, 1, 1, 1)).AsInt16();
                Vector256<short> low = Vector256.Shuffle(all, Vector256.Create(2, 2, 2, 2, 3, 3, 3, 3)).AsInt16();
                Vector256<short> pixels = PairUp(Vector128.Create(upper.Slice(at, 4)).AsByte());
                upperHigh += MultiplyAndAdd(pixels, high);
                upperLow += MultiplyAndAdd(pixels, low);
                pixels = PairUp(Vector128.Create(lower.Slice(at, 4)).AsByte());
                lowerHigh += MultiplyAndAdd(pixels, high);
                lowerLow += MultiplyAndAdd(pixels, low);
                at += 4;
            }
            target[x] = ToByte(upperHigh, upperLow) | ToByte(lowerHigh, lowerLow) << 16;
        }

        static Vector128<int> ToByte(Vector256<int> high, Vector256<int> low)
        {
            Vector256<int> halves = (high << ResamplingTaps.LowBits) + low;
            Vector128<int> sum = halves.GetLower() + halves.GetUpper() + Vector128.Create(Rounding);
            return Vector128.Min(Vector128.Max(sum >> ResamplingTaps.FractionBits, Vector128<int>.Zero), Vector128.Create(255));
        }
    }

    /// <summary>One row of the result from those below one another.</summary>
    /// <param name="pairs">What <see cref="ResampleRows"/> gave of the first two rows, and of those that follow.</param>
    /// <param name="stride">From a pair of rows to the next.</param>
    /// <param name="taps">The weights of the rows.</param>
    /// <param name="target">Gets the row.</param>
    private static void MixRows(ReadOnlySpan<short> pairs, int stride, ReadOnlySpan<Vector128<short>> taps, Span<uint> target)
    {
        Span<byte> rest = stackalloc byte[4 * Block];
        for (int x = 0; x < target.Length; x += Block)
        {
            Vector256<short> left = MixFour(pairs[(ShortsPerPixel * x)..], stride, taps), right = MixFour(pairs[(ShortsPerPixel * (x + 4))..], stride, taps);
            Vector256<byte> pixels = Vector256.NarrowWithSaturation(Vector256.Max(left, default).AsUInt16(), Vector256.Max(right, default).AsUInt16());
            Span<byte> place = MemoryMarshal.AsBytes(target[x..]);
            pixels.CopyTo(place.Length < rest.Length ? rest : place);
            if (place.Length < rest.Length)
                rest[..place.Length].CopyTo(place);
        }
    }

    /// <summary>Four pixels of a row, four values each, not yet clamped.</summary>
    private static Vector256<short> MixFour(ReadOnlySpan<short> pairs, int stride, ReadOnlySpan<Vector128<short>> taps)
    {
        Vector256<int> leftHigh = default, leftLow = default, rightHigh = default, rightLow = default;
        ReadOnlySpan<int> weights = MemoryMarshal.Cast<Vector128<short>, int>(taps); // of four rows: high, high, low, low of two each
        for (int i = 0, at = 0; i + 3 < weights.Length; i += 4, at += 2 * stride)
        {
            Vector256<short> high = Vector256.Create(weights[i]).AsInt16(), low = Vector256.Create(weights[i + 2]).AsInt16();
            Vector256<short> left = Vector256.Create(pairs.Slice(at, 16)), right = Vector256.Create(pairs.Slice(at + 16, 16));
            leftHigh += MultiplyAndAdd(left, high);
            leftLow += MultiplyAndAdd(left, low);
            rightHigh += MultiplyAndAdd(right, high);
            rightLow += MultiplyAndAdd(right, low);
            (high, low) = (Vector256.Create(weights[i + 1]).AsInt16(), Vector256.Create(weights[i + 3]).AsInt16());
            (left, right) = (Vector256.Create(pairs.Slice(at + stride, 16)), Vector256.Create(pairs.Slice(at + stride + 16, 16)));
            leftHigh += MultiplyAndAdd(left, high);
            leftLow += MultiplyAndAdd(left, low);
            rightHigh += MultiplyAndAdd(right, high);
            rightLow += MultiplyAndAdd(right, low);
        }
        return Vector256.NarrowWithSaturation(Whole(leftHigh, leftLow), Whole(rightHigh, rightLow));

        static Vector256<int> Whole(Vector256<int> high, Vector256<int> low) => ((high << ResamplingTaps.LowBits) + low + Vector256.Create(Rounding)) >> ResamplingTaps.FractionBits;
    }

    /// <summary>Four pixels as numbers of 16 bits: each colour of the first two side by side, then of the last two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> PairUp(Vector128<byte> pixels)
    {
        const byte None = 255;
        Vector128<byte> first = Vector128.Create(0, None, 4, None, 1, None, 5, None, 2, None, 6, None, 3, None, 7, None);
        Vector128<byte> last = Vector128.Create(8, None, 12, None, 9, None, 13, None, 10, None, 14, None, 11, None, 15, None);
        return Avx2.IsSupported
            ? Avx2.Shuffle(Vector256.Create(pixels, pixels), Vector256.Create(first, last)).AsInt16()
            : Vector256.Create(Vector128.Shuffle(pixels, first), Vector128.Shuffle(pixels, last)).AsInt16();
    }

    /// <summary>The sums of two products each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> MultiplyAndAdd(Vector256<short> left, Vector256<short> right)
    {
        if (Avx2.IsSupported)
            return Avx2.MultiplyAddAdjacent(left, right);
        Vector256<int> pair = left.AsInt32(), other = right.AsInt32();
        return (pair << 16 >> 16) * (other << 16 >> 16) + (pair >> 16) * (other >> 16);
    }

    /// <summary>A row of the source, four bytes a pixel.</summary>
    private static void ReadRow(ReadOnlySpan<byte> source, int bytesPerPixel, int width, int y, Span<uint> row)
    {
        ReadOnlySpan<byte> pixels = source.Slice((int)((long)bytesPerPixel * width * y), bytesPerPixel * width);
        if (bytesPerPixel == 4)
            pixels.CopyTo(MemoryMarshal.AsBytes(row));
        else
            Spread(pixels, row);
    }

    private static void Spread(ReadOnlySpan<byte> rgb, Span<uint> pixels)
    {
        const byte None = 255;
        Vector128<byte> places = Vector128.Create(0, 1, 2, None, 3, 4, 5, None, 6, 7, 8, None, 9, 10, 11, None);
        int i = 0, at = 0;
        for (; at + 16 <= rgb.Length; i += 4, at += 12)
            Vector128.Shuffle(Vector128.Create(rgb.Slice(at, 16)), places).AsUInt32().CopyTo(pixels[i..]);
        for (; at < rgb.Length; i++, at += 3)
            pixels[i] = (uint)(rgb[at] | rgb[at + 1] << 8 | rgb[at + 2] << 16);
    }

    private static byte[] ToRgb(ReadOnlySpan<uint> pixels)
    {
        const byte None = 255;
        Vector128<byte> places = Vector128.Create(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, None, None, None, None);
        var rgb = new byte[3L * pixels.Length];
        int i = 0, at = 0;
        for (; at + 16 <= rgb.Length; i += 4, at += 12)
            Vector128.Shuffle(Vector128.Create(pixels.Slice(i, 4)).AsByte(), places).CopyTo(rgb.AsSpan(at));
        for (; at < rgb.Length; i++, at += 3)
            (rgb[at], rgb[at + 1], rgb[at + 2]) = ((byte)pixels[i], (byte)(pixels[i] >> 8), (byte)(pixels[i] >> 16));
        return rgb;
    }
}
