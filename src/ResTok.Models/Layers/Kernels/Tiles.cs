using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// Products in float32, by <see cref="Tile{TLanes, T}"/> for the widest registers of this processor. What is chosen is known when the code is
/// compiled.
/// </summary>
internal readonly unsafe struct Tiles : ITiles
{
    public static int Room => 12 * 32;

    /// <summary>Outputs of a panel.</summary>
    public static int Width => Vector512.IsHardwareAccelerated ? Tile<Lanes512, float>.Width : Vector256.IsHardwareAccelerated ? Tile<Lanes256, float>.Width : Tile<Lanes128, float>.Width;

    public static int Rows => Vector512.IsHardwareAccelerated ? Lanes512.Rows : Vector256.IsHardwareAccelerated ? Lanes256.Rows : Lanes128.Rows;

    public static int RowsFor(int rows) =>
        Vector512.IsHardwareAccelerated ? Tile<Lanes512, float>.RowsFor(rows) : Vector256.IsHardwareAccelerated ? Tile<Lanes256, float>.RowsFor(rows) : Tile<Lanes128, float>.RowsFor(rows);

    public static int WidthFor(int outputs) => Width;

    public static int Words(int inputs) => inputs;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(int rows, float* inputs, nint rowStride, nint runStride, int runs, int count, float* weights, int width, float* sums)
    {
        if (Vector512.IsHardwareAccelerated)
            Tile<Lanes512, float>.Run(rows, inputs, rowStride, runStride, runs, count, weights, sums);
        else if (Vector256.IsHardwareAccelerated)
            Tile<Lanes256, float>.Run(rows, inputs, rowStride, runStride, runs, count, weights, sums);
        else
            Tile<Lanes128, float>.Run(rows, inputs, rowStride, runStride, runs, count, weights, sums);
    }

    public static void PackRow(float* from, int inputs, float* to) => new ReadOnlySpan<float>(from, inputs).CopyTo(new Span<float>(to, inputs));

    public static void PackPanel(float* from, int inputs, nint stride, int outputs, float* to, int padded, int width)
    {
        for (int i = 0; i < padded; i++, to += width)
        {
            int copied = i < inputs ? outputs : 0;
            new ReadOnlySpan<float>(from + i * stride, copied).CopyTo(new Span<float>(to, width));
            new Span<float>(to + copied, width - copied).Clear();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put<TLanes>(TLanes values, float* to, int input)
        where TLanes : struct, ILanes<TLanes> => TLanes.Store(values, to + input);

    public static void Put(float value, float* to, int input) => to[input] = value;
}
