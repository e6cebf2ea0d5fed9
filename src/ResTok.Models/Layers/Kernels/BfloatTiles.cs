using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ResTok.Models.Runtime;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// Products in bfloat16, summed in float32, by <see cref="BfloatProduct"/>: 1.8 times as many a second as in float32. What lies between
/// products stays float32, so that a number is rounded once on its way into a product.
/// </summary>
internal readonly unsafe struct BfloatTiles : ITiles
{
    /// <summary>Outputs of the widest panel.</summary>
    public const int Width = 64;

    public static int Rows => 32;

    public static int Room => Rows * Width;

    public static int RowsFor(int rows) => rows;

    /// <summary>Outputs of a weight's panels.</summary>
    public static int WidthFor(int outputs) => Math.Min(Width, (outputs + 15) / 16 * 16);

    public static int Words(int inputs) => (inputs + 1) / 2;

    public static void Run(int rows, float* inputs, nint rowStride, nint runStride, int runs, int count, float* weights, int width, float* sums)
    {
        for (int run = 0; run < runs; run++, inputs += runStride, weights += (nint)count * width)
            BfloatProduct.Run(rows, width, 2 * count, (ushort*)inputs, 2 * rowStride, (ushort*)weights, sums, run > 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackRow(float* from, int inputs, float* to)
    {
        int whole = inputs - inputs % Vector512<float>.Count;
        for (int i = 0; i < whole; i += Vector512<float>.Count)
            Avx512F.ConvertToVector256UInt16(Round(Vector512.Load(from + i))).Store((ushort*)to + i);
        if (inputs % 2 != 0)
            to[inputs / 2] = 0;
        for (int i = whole; i < inputs; i++)
            Put(from[i], to, i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackPanel(float* from, int inputs, nint stride, int outputs, float* to, int padded, int width)
    {
        int lanes = Vector512<float>.Count, whole = outputs - outputs % lanes;
        new Span<float>(to, Words(padded) * width).Clear();
        for (int i = 0; i < inputs; i += 2, from += 2 * stride, to += width)
        {
            for (int output = 0; output < whole; output += lanes)
            {
                Vector512<float> second = i + 1 < inputs ? Vector512.Load(from + stride + output) : Vector512<float>.Zero;
                (Round(Vector512.Load(from + output)) | Round(second) << 16).Store((uint*)to + output);
            }
            for (int output = whole; output < outputs; output++)
            {
                Put(from[output], to, 2 * output);
                Put(i + 1 < inputs ? from[stride + output] : 0, to, 2 * output + 1);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put<TLanes>(TLanes values, float* to, int input)
        where TLanes : struct, ILanes<TLanes> =>
        Avx512F.ConvertToVector256UInt16(Round(Unsafe.BitCast<TLanes, Vector512<float>>(values))).Store((ushort*)to + input); // the widest registers, where there are such instructions

    public static void Put(float value, float* to, int input) => ((ushort*)to)[input] = (ushort)Round(Vector512.CreateScalar(value)).GetElement(0);

    /// <summary>To the nearest bfloat16, of two the even one; its bits, in the low half. NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Round(Vector512<float> values)
    {
        Vector512<uint> bits = values.AsUInt32(), rounded = bits + Vector512.Create(0x7FFFu) + (bits >> 16 & Vector512<uint>.One);
        return Vector512.ConditionalSelect(Vector512.Equals(values, values).AsUInt32(), rounded, Vector512.Create(0x7FC00000u)) >> 16;
    }
}
