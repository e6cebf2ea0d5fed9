using System.Runtime.CompilerServices;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// The innermost kernel of products, convolutions and attention: a few rows times a panel of packed weights, with all sums in registers.
/// Each step loads two registers of weights and multiplies them by one number of every row.
/// </summary>
/// <typeparam name="TLanes">The registers.</typeparam>
/// <typeparam name="T">A number in them: float or double.</typeparam>
internal static unsafe class Tile<TLanes, T>
    where TLanes : struct, ILanes<TLanes, T>
    where T : unmanaged
{
    /// <summary>Outputs of a panel, and numbers in a row of a tile.</summary>
    public static int Width => 2 * TLanes.Count;

    /// <summary>How many rows the kernel for so many computes: some of a tile, and at the least these.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RowsFor(int rows) => rows switch
    {
        > 8 when TLanes.Rows > 8 => 12,
        > 6 when TLanes.Rows > 6 => 8,
        > 4 => 6,
        > 2 => 4,
        _ => 2,
    };

    /// <summary>Sums over the runs of inputs; a convolution has one for each row of its window.</summary>
    /// <param name="rows">2, 4, 6, 8 or 12.</param>
    /// <param name="inputs">The first row's first input; a run's inputs lie together.</param>
    /// <param name="rowStride">From a row to the next.</param>
    /// <param name="runStride">From a run to the next.</param>
    /// <param name="runs">Runs of inputs.</param>
    /// <param name="count">Inputs of a run.</param>
    /// <param name="weights">The panel, [runs · count, Width].</param>
    /// <param name="sums">Gets the tile, [rows, Width].</param>
    public static void Run(int rows, T* inputs, nint rowStride, nint runStride, int runs, int count, T* weights, T* sums)
    {
        switch (rows)
        {
            case 12:
                Rows12(inputs, rowStride, runStride, runs, count, weights, sums);
                break;
            case 8:
                Rows8(inputs, rowStride, runStride, runs, count, weights, sums);
                break;
            case 6:
                Rows6(inputs, rowStride, runStride, runs, count, weights, sums);
                break;
            case 4:
                Rows4(inputs, rowStride, runStride, runs, count, weights, sums);
                break;
            default:
                Rows2(inputs, rowStride, runStride, runs, count, weights, sums);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows12(T* inputs, nint rowStride, nint runStride, int runs, int count, T* weights, T* sums)
    {
        TLanes s0l = default, s0h = default, s1l = default, s1h = default, s2l = default, s2h = default, s3l = default, s3h = default;
        TLanes s4l = default, s4h = default, s5l = default, s5h = default, s6l = default, s6h = default, s7l = default, s7h = default;
        TLanes s8l = default, s8h = default, s9l = default, s9h = default, s10l = default, s10h = default, s11l = default, s11h = default;
        for (int run = 0; run < runs; run++, inputs += runStride)
        {
            T* x = inputs;
            for (int i = 0; i < count; i++, x++, weights += 2 * TLanes.Count)
            {
                TLanes low = TLanes.Load(weights), high = TLanes.Load(weights + TLanes.Count), v;
                v = TLanes.Broadcast(*x); s0l = TLanes.MultiplyAdd(v, low, s0l); s0h = TLanes.MultiplyAdd(v, high, s0h);
                v = TLanes.Broadcast(x[rowStride]); s1l = TLanes.MultiplyAdd(v, low, s1l); s1h = TLanes.MultiplyAdd(v, high, s1h);
                v = TLanes.Broadcast(x[2 * rowStride]); s2l = TLanes.MultiplyAdd(v, low, s2l); s2h = TLanes.MultiplyAdd(v, high, s2h);
                v = TLanes.Broadcast(x[3 * rowStride]); s3l = TLanes.MultiplyAdd(v, low, s3l); s3h = TLanes.MultiplyAdd(v, high, s3h);
                v = TLanes.Broadcast(x[4 * rowStride]); s4l = TLanes.MultiplyAdd(v, low, s4l); s4h = TLanes.MultiplyAdd(v, high, s4h);
                v = TLanes.Broadcast(x[5 * rowStride]); s5l = TLanes.MultiplyAdd(v, low, s5l); s5h = TLanes.MultiplyAdd(v, high, s5h);
                v = TLanes.Broadcast(x[6 * rowStride]); s6l = TLanes.MultiplyAdd(v, low, s6l); s6h = TLanes.MultiplyAdd(v, high, s6h);
                v = TLanes.Broadcast(x[7 * rowStride]); s7l = TLanes.MultiplyAdd(v, low, s7l); s7h = TLanes.MultiplyAdd(v, high, s7h);
                v = TLanes.Broadcast(x[8 * rowStride]); s8l = TLanes.MultiplyAdd(v, low, s8l); s8h = TLanes.MultiplyAdd(v, high, s8h);
                v = TLanes.Broadcast(x[9 * rowStride]); s9l = TLanes.MultiplyAdd(v, low, s9l); s9h = TLanes.MultiplyAdd(v, high, s9h);
                v = TLanes.Broadcast(x[10 * rowStride]); s10l = TLanes.MultiplyAdd(v, low, s10l); s10h = TLanes.MultiplyAdd(v, high, s10h);
                v = TLanes.Broadcast(x[11 * rowStride]); s11l = TLanes.MultiplyAdd(v, low, s11l); s11h = TLanes.MultiplyAdd(v, high, s11h);
            }
        }
        TLanes.Store(s0l, sums + 0 * TLanes.Count); TLanes.Store(s0h, sums + 1 * TLanes.Count);
        TLanes.Store(s1l, sums + 2 * TLanes.Count); TLanes.Store(s1h, sums + 3 * TLanes.Count);
        TLanes.Store(s2l, sums + 4 * TLanes.Count); TLanes.Store(s2h, sums + 5 * TLanes.Count);
        TLanes.Store(s3l, sums + 6 * TLanes.Count); TLanes.Store(s3h, sums + 7 * TLanes.Count);
        TLanes.Store(s4l, sums + 8 * TLanes.Count); TLanes.Store(s4h, sums + 9 * TLanes.Count);
        TLanes.Store(s5l, sums + 10 * TLanes.Count); TLanes.Store(s5h, sums + 11 * TLanes.Count);
        TLanes.Store(s6l, sums + 12 * TLanes.Count); TLanes.Store(s6h, sums + 13 * TLanes.Count);
        TLanes.Store(s7l, sums + 14 * TLanes.Count); TLanes.Store(s7h, sums + 15 * TLanes.Count);
        TLanes.Store(s8l, sums + 16 * TLanes.Count); TLanes.Store(s8h, sums + 17 * TLanes.Count);
        TLanes.Store(s9l, sums + 18 * TLanes.Count); TLanes.Store(s9h, sums + 19 * TLanes.Count);
        TLanes.Store(s10l, sums + 20 * TLanes.Count); TLanes.Store(s10h, sums + 21 * TLanes.Count);
        TLanes.Store(s11l, sums + 22 * TLanes.Count); TLanes.Store(s11h, sums + 23 * TLanes.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows8(T* inputs, nint rowStride, nint runStride, int runs, int count, T* weights, T* sums)
    {
        TLanes s0l = default, s0h = default, s1l = default, s1h = default, s2l = default, s2h = default, s3l = default, s3h = default;
        TLanes s4l = default, s4h = default, s5l = default, s5h = default, s6l = default, s6h = default, s7l = default, s7h = default;
        for (int run = 0; run < runs; run++, inputs += runStride)
        {
            T* x = inputs;
            for (int i = 0; i < count; i++, x++, weights += 2 * TLanes.Count)
            {
                TLanes low = TLanes.Load(weights), high = TLanes.Load(weights + TLanes.Count), v;
                v = TLanes.Broadcast(*x); s0l = TLanes.MultiplyAdd(v, low, s0l); s0h = TLanes.MultiplyAdd(v, high, s0h);
                v = TLanes.Broadcast(x[rowStride]); s1l = TLanes.MultiplyAdd(v, low, s1l); s1h = TLanes.MultiplyAdd(v, high, s1h);
                v = TLanes.Broadcast(x[2 * rowStride]); s2l = TLanes.MultiplyAdd(v, low, s2l); s2h = TLanes.MultiplyAdd(v, high, s2h);
                v = TLanes.Broadcast(x[3 * rowStride]); s3l = TLanes.MultiplyAdd(v, low, s3l); s3h = TLanes.MultiplyAdd(v, high, s3h);
                v = TLanes.Broadcast(x[4 * rowStride]); s4l = TLanes.MultiplyAdd(v, low, s4l); s4h = TLanes.MultiplyAdd(v, high, s4h);
                v = TLanes.Broadcast(x[5 * rowStride]); s5l = TLanes.MultiplyAdd(v, low, s5l); s5h = TLanes.MultiplyAdd(v, high, s5h);
                v = TLanes.Broadcast(x[6 * rowStride]); s6l = TLanes.MultiplyAdd(v, low, s6l); s6h = TLanes.MultiplyAdd(v, high, s6h);
                v = TLanes.Broadcast(x[7 * rowStride]); s7l = TLanes.MultiplyAdd(v, low, s7l); s7h = TLanes.MultiplyAdd(v, high, s7h);
            }
        }
        TLanes.Store(s0l, sums + 0 * TLanes.Count); TLanes.Store(s0h, sums + 1 * TLanes.Count);
        TLanes.Store(s1l, sums + 2 * TLanes.Count); TLanes.Store(s1h, sums + 3 * TLanes.Count);
        TLanes.Store(s2l, sums + 4 * TLanes.Count); TLanes.Store(s2h, sums + 5 * TLanes.Count);
        TLanes.Store(s3l, sums + 6 * TLanes.Count); TLanes.Store(s3h, sums + 7 * TLanes.Count);
        TLanes.Store(s4l, sums + 8 * TLanes.Count); TLanes.Store(s4h, sums + 9 * TLanes.Count);
        TLanes.Store(s5l, sums + 10 * TLanes.Count); TLanes.Store(s5h, sums + 11 * TLanes.Count);
        TLanes.Store(s6l, sums + 12 * TLanes.Count); TLanes.Store(s6h, sums + 13 * TLanes.Count);
        TLanes.Store(s7l, sums + 14 * TLanes.Count); TLanes.Store(s7h, sums + 15 * TLanes.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows6(T* inputs, nint rowStride, nint runStride, int runs, int count, T* weights, T* sums)
    {
        TLanes s0l = default, s0h = default, s1l = default, s1h = default, s2l = default, s2h = default, s3l = default, s3h = default;
        TLanes s4l = default, s4h = default, s5l = default, s5h = default;
        for (int run = 0; run < runs; run++, inputs += runStride)
        {
            T* x = inputs;
            for (int i = 0; i < count; i++, x++, weights += 2 * TLanes.Count)
            {
                TLanes low = TLanes.Load(weights), high = TLanes.Load(weights + TLanes.Count), v;
                v = TLanes.Broadcast(*x); s0l = TLanes.MultiplyAdd(v, low, s0l); s0h = TLanes.MultiplyAdd(v, high, s0h);
                v = TLanes.Broadcast(x[rowStride]); s1l = TLanes.MultiplyAdd(v, low, s1l); s1h = TLanes.MultiplyAdd(v, high, s1h);
                v = TLanes.Broadcast(x[2 * rowStride]); s2l = TLanes.MultiplyAdd(v, low, s2l); s2h = TLanes.MultiplyAdd(v, high, s2h);
                v = TLanes.Broadcast(x[3 * rowStride]); s3l = TLanes.MultiplyAdd(v, low, s3l); s3h = TLanes.MultiplyAdd(v, high, s3h);
                v = TLanes.Broadcast(x[4 * rowStride]); s4l = TLanes.MultiplyAdd(v, low, s4l); s4h = TLanes.MultiplyAdd(v, high, s4h);
                v = TLanes.Broadcast(x[5 * rowStride]); s5l = TLanes.MultiplyAdd(v, low, s5l); s5h = TLanes.MultiplyAdd(v, high, s5h);
            }
        }
        TLanes.Store(s0l, sums + 0 * TLanes.Count); TLanes.Store(s0h, sums + 1 * TLanes.Count);
        TLanes.Store(s1l, sums + 2 * TLanes.Count); TLanes.Store(s1h, sums + 3 * TLanes.Count);
        TLanes.Store(s2l, sums + 4 * TLanes.Count); TLanes.Store(s2h, sums + 5 * TLanes.Count);
        TLanes.Store(s3l, sums + 6 * TLanes.Count); TLanes.Store(s3h, sums + 7 * TLanes.Count);
        TLanes.Store(s4l, sums + 8 * TLanes.Count); TLanes.Store(s4h, sums + 9 * TLanes.Count);
        TLanes.Store(s5l, sums + 10 * TLanes.Count); TLanes.Store(s5h, sums + 11 * TLanes.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows4(T* inputs, nint rowStride, nint runStride, int runs, int count, T* weights, T* sums)
    {
        TLanes s0l = default, s0h = default, s1l = default, s1h = default, s2l = default, s2h = default, s3l = default, s3h = default;
        for (int run = 0; run < runs; run++, inputs += runStride)
        {
            T* x = inputs;
            for (int i = 0; i < count; i++, x++, weights += 2 * TLanes.Count)
            {
                TLanes low = TLanes.Load(weights), high = TLanes.Load(weights + TLanes.Count), v;
                v = TLanes.Broadcast(*x); s0l = TLanes.MultiplyAdd(v, low, s0l); s0h = TLanes.MultiplyAdd(v, high, s0h);
                v = TLanes.Broadcast(x[rowStride]); s1l = TLanes.MultiplyAdd(v, low, s1l); s1h = TLanes.MultiplyAdd(v, high, s1h);
                v = TLanes.Broadcast(x[2 * rowStride]); s2l = TLanes.MultiplyAdd(v, low, s2l); s2h = TLanes.MultiplyAdd(v, high, s2h);
                v = TLanes.Broadcast(x[3 * rowStride]); s3l = TLanes.MultiplyAdd(v, low, s3l); s3h = TLanes.MultiplyAdd(v, high, s3h);
            }
        }
        TLanes.Store(s0l, sums + 0 * TLanes.Count); TLanes.Store(s0h, sums + 1 * TLanes.Count);
        TLanes.Store(s1l, sums + 2 * TLanes.Count); TLanes.Store(s1h, sums + 3 * TLanes.Count);
        TLanes.Store(s2l, sums + 4 * TLanes.Count); TLanes.Store(s2h, sums + 5 * TLanes.Count);
        TLanes.Store(s3l, sums + 6 * TLanes.Count); TLanes.Store(s3h, sums + 7 * TLanes.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows2(T* inputs, nint rowStride, nint runStride, int runs, int count, T* weights, T* sums)
    {
        TLanes s0l = default, s0h = default, s1l = default, s1h = default;
        for (int run = 0; run < runs; run++, inputs += runStride)
        {
            T* x = inputs;
            for (int i = 0; i < count; i++, x++, weights += 2 * TLanes.Count)
            {
                TLanes low = TLanes.Load(weights), high = TLanes.Load(weights + TLanes.Count), v;
                v = TLanes.Broadcast(*x); s0l = TLanes.MultiplyAdd(v, low, s0l); s0h = TLanes.MultiplyAdd(v, high, s0h);
                v = TLanes.Broadcast(x[rowStride]); s1l = TLanes.MultiplyAdd(v, low, s1l); s1h = TLanes.MultiplyAdd(v, high, s1h);
            }
        }
        TLanes.Store(s0l, sums + 0 * TLanes.Count); TLanes.Store(s0h, sums + 1 * TLanes.Count);
        TLanes.Store(s1l, sums + 2 * TLanes.Count); TLanes.Store(s1h, sums + 3 * TLanes.Count);
    }
}
