using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ResTok.MLNet.Encoding;

/// <summary>
/// Antialiased resampling of 8-bit RGB as the Python imaging library does it, which the reference uses: the filter widened by the scale
/// when shrinking, fixed-point weights, rounded to 8 bits after the horizontal and the vertical pass. Pixels are four bytes here, so that
/// a vector holds whole ones; sums are of integers, and so the same in any order.
/// </summary>
internal static class Resampler
{
    private const int Rounding = 1 << (ResamplingTaps.FractionBits - 1);

    /// <param name="source">Interleaved RGB, row by row.</param>
    /// <param name="width">Its width.</param>
    /// <param name="height">Its height.</param>
    /// <param name="newWidth">Width of the result.</param>
    /// <param name="newHeight">Height of the result.</param>
    /// <param name="filter">Bicubic by default.</param>
    /// <returns>Interleaved RGB.</returns>
    public static byte[] Resize(byte[] source, int width, int height, int newWidth, int newHeight, ResamplingFilter filter = ResamplingFilter.Bicubic) =>
        ToRgb(Resample(source, 3, width, height, ResamplingTaps.Of(filter, width, newWidth, 0, newWidth), ResamplingTaps.Of(filter, height, newHeight, 0, newHeight)));

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
    public static byte[] ResizeAndCut(byte[] source, int width, int height, long newWidth, long newHeight, long left, long top, int size) =>
        ToRgb(ResizeAndCut(source, 3, width, height, newWidth, newHeight, left, top, size));

    /// <summary>The same of pixels of three or four bytes, whose fourth does not matter.</summary>
    /// <returns>Pixels of four bytes.</returns>
    public static uint[] ResizeAndCut(ReadOnlySpan<byte> source, int bytesPerPixel, int width, int height, long newWidth, long newHeight, long left, long top, int size) => Resample(
        source, bytesPerPixel, width, height,
        ResamplingTaps.Of(ResamplingFilter.Bicubic, width, newWidth, left, size), ResamplingTaps.Of(ResamplingFilter.Bicubic, height, newHeight, top, size));

    private static uint[] Resample(ReadOnlySpan<byte> source, int bytesPerPixel, int width, int height, ResamplingTaps across, ResamplingTaps down)
    {
        int first = down.First.Min(), rows = down.End - first;
        var wide = new uint[(long)rows * across.Count];
        var row = new uint[width + 1]; // taps come in pairs
        for (int y = 0; y < rows; y++)
        {
            ReadOnlySpan<byte> pixels = source.Slice((int)((long)bytesPerPixel * width * (first + y)), bytesPerPixel * width);
            if (bytesPerPixel == 4)
                pixels.CopyTo(MemoryMarshal.AsBytes(row.AsSpan()));
            else
                Spread(pixels, row);
            ResampleRow(row, across, wide.AsSpan(y * across.Count, across.Count));
        }
        var result = new uint[(long)down.Count * across.Count];
        for (int y = 0; y < down.Count; y++)
            MixRows(MemoryMarshal.AsBytes(wide.AsSpan((down.First[y] - first) * across.Count)), across.Count, down.WeightsOf(y), MemoryMarshal.AsBytes(result.AsSpan(y * across.Count, across.Count)));
        return result;
    }

    /// <summary>One row, pixel by pixel of the result: two of the source at a time.</summary>
    private static void ResampleRow(ReadOnlySpan<uint> row, ResamplingTaps taps, Span<uint> target)
    {
        Vector256<int> pair = Vector256.Create(0, 0, 0, 0, 1, 1, 1, 1);
        for (int x = 0; x < target.Length; x++)
        {
            ReadOnlySpan<long> weights = MemoryMarshal.Cast<int, long>(taps.WeightsOf(x)); // pairs, the last filled with 0
            ReadOnlySpan<ulong> pixels = MemoryMarshal.Cast<uint, ulong>(row.Slice(taps.First[x], 2 * weights.Length));
            Vector256<int> sum = Vector256<int>.Zero, other = sum;
            int i = 0;
            for (; i + 1 < weights.Length; i += 2)
            {
                sum += Vector256.Shuffle(Vector256.CreateScalar(weights[i]).AsInt32(), pair) * Widen(pixels[i]);
                other += Vector256.Shuffle(Vector256.CreateScalar(weights[i + 1]).AsInt32(), pair) * Widen(pixels[i + 1]);
            }
            if (i < weights.Length)
                sum += Vector256.Shuffle(Vector256.CreateScalar(weights[i]).AsInt32(), pair) * Widen(pixels[i]);
            sum += other;
            Vector128<int> pixel = ToBytes(sum.GetLower() + sum.GetUpper() + Vector128.Create(Rounding));
            Vector128<short> narrow = Vector128.Narrow(pixel, pixel);
            target[x] = Vector128.Narrow(narrow, narrow).AsUInt32().ToScalar();
        }
    }

    /// <summary>One row of the result from those below one another, eight bytes at a time.</summary>
    /// <param name="rows">The first of them, and what follows.</param>
    /// <param name="width">Pixels of each.</param>
    /// <param name="weights">Of each, as many as count; an odd one is followed by 0, of a row that need not be there.</param>
    /// <param name="target">Gets the row.</param>
    private static void MixRows(ReadOnlySpan<byte> rows, int width, ReadOnlySpan<int> weights, Span<byte> target)
    {
        int stride = 4 * width, count = Math.Min(weights.Length, rows.Length / stride);
        int at = 0;
        for (; at + 8 <= stride; at += 8)
        {
            Vector256<int> sum = Vector256.Create(Rounding);
            for (int i = 0, from = at; i < count; i++, from += stride)
                sum += Vector256.Create(weights[i]) * Widen(BinaryPrimitives.ReadUInt64LittleEndian(rows[from..]));
            Vector256<int> pixels = Vector256.Min(Vector256.Max(sum >> ResamplingTaps.FractionBits, Vector256<int>.Zero), Vector256.Create(255));
            Vector128<short> narrow = Vector128.Narrow(pixels.GetLower(), pixels.GetUpper());
            BinaryPrimitives.WriteUInt64LittleEndian(target[at..], Vector128.Narrow(narrow, narrow).AsUInt64().ToScalar());
        }
        for (; at < stride; at++)
        {
            int sum = Rounding;
            for (int i = 0, from = at; i < count; i++, from += stride)
                sum += weights[i] * rows[from];
            target[at] = (byte)Math.Clamp(sum >> ResamplingTaps.FractionBits, 0, 255);
        }
    }

    private static Vector128<int> ToBytes(Vector128<int> sum) =>
        Vector128.Min(Vector128.Max(sum >> ResamplingTaps.FractionBits, Vector128<int>.Zero), Vector128.Create(255));

    /// <summary>Two pixels as eight numbers.</summary>
    private static Vector256<int> Widen(ulong pixels)
    {
        Vector128<byte> bytes = Vector128.CreateScalar(pixels).AsByte();
        if (Avx2.IsSupported)
            return Avx2.ConvertToVector256Int32(bytes);
        Vector128<ushort> wide = Vector128.WidenLower(bytes);
        return Vector256.Create(Vector128.WidenLower(wide), Vector128.WidenUpper(wide)).AsInt32();
    }

    private static void Spread(ReadOnlySpan<byte> rgb, Span<uint> pixels)
    {
        for (int i = 0, at = 0; at < rgb.Length; i++, at += 3)
            pixels[i] = (uint)(rgb[at] | rgb[at + 1] << 8 | rgb[at + 2] << 16);
    }

    private static byte[] ToRgb(ReadOnlySpan<uint> pixels)
    {
        var rgb = new byte[3L * pixels.Length];
        for (int i = 0, at = 0; i < pixels.Length; i++, at += 3)
        {
            uint pixel = pixels[i];
            (rgb[at], rgb[at + 1], rgb[at + 2]) = ((byte)pixel, (byte)(pixel >> 8), (byte)(pixel >> 16));
        }
        return rgb;
    }
}
