using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// A 3×3 convolution by F(2×2, 3×3) of Lavin and Gray, "Fast algorithms for convolutional neural networks" (CVPR 2016): 2×2 pixels at a
/// time from 4×4, in 16 products where there were 36. Input and output are transformed by additions alone, so that rounding grows little.
/// </summary>
internal static unsafe class WinogradConvolution
{
    public const int Planes = WindowWeights.Count;

    private const int FewestChannels = 32; // with fewer the transforms cost what the products gain
    private const int StripBytes = 2 << 20; // of transformed pixels at a time

    /// <summary>Whether a convolution is computed so.</summary>
    public static bool Suits(int height, int width, int inputs, int outputs) =>
        height % 2 == 0 && width % 2 == 0 && inputs % 2 == 0 && inputs >= FewestChannels && outputs >= FewestChannels;

    /// <param name="frame">The image in its frame, [height + 2, width + 2, inputs].</param>
    /// <param name="height">Even.</param>
    /// <param name="width">Even.</param>
    /// <param name="weights">Packed; of a panel all planes lie together.</param>
    /// <param name="packed">What they are.</param>
    /// <param name="finish">Where the result goes.</param>
    public static void Convolve<TTiles>(float* frame, int height, int width, float* weights, PackedWeights packed, Finish finish)
        where TTiles : struct, ITiles
    {
        int inputs = packed.Inputs, words = TTiles.Words(inputs), tilesOfRow = width / 2, rowFloats = (width + 2) * inputs;
        long ofTileRow = (long)tilesOfRow * words;
        int strip = (int)Math.Clamp(StripBytes / (4 * Planes * ofTileRow), 1, height / 2), blocks = (tilesOfRow + TTiles.Rows - 1) / TTiles.Rows;
        long ofPlane = strip * ofTileRow + TTiles.Rows * words; // with room for what a tile reads and does not need
        using NativeFloats.Loan memory = NativeFloats.Borrow(Planes * ofPlane);
        float* planes = memory.Start;
        finish.RowStride = 2 * packed.Outputs;
        for (int start = 0; start < height / 2; start += strip)
        {
            int first = start, rows = Math.Min(strip, height / 2 - start);
            CpuThreads.Run(rows * blocks, part =>
            {
                (int row, int block) = Math.DivRem(part, blocks);
                int tile = block * TTiles.Rows;
                Transform<TTiles>(frame + (long)2 * (first + row) * rowFloats + (long)2 * tile * inputs, rowFloats, inputs, Math.Min(TTiles.Rows, tilesOfRow - tile), planes + row * ofTileRow + (long)tile * words, ofPlane);
            });
            CpuThreads.Run(packed.PanelCount * rows, part =>
            {
                (int panel, int row) = Math.DivRem(part, rows);
                Multiply<TTiles>(planes + row * ofTileRow, ofPlane, tilesOfRow, weights + panel * packed.PanelSize, packed, panel * packed.Width, (nint)2 * (first + row) * width, width, finish);
            });
        }
    }

    /// <summary>All planes of a row of tiles times a panel.</summary>
    private static void Multiply<TTiles>(float* planes, long ofPlane, int tilesOfRow, float* weights, PackedWeights packed, int column, nint pixel, int width, Finish finish)
        where TTiles : struct, ITiles
    {
        int panel = packed.Width, outputs = packed.Outputs, columns = Math.Min(panel, outputs - column), words = TTiles.Words(packed.Inputs);
        float* room = stackalloc float[(Planes + 4) * TTiles.Room + 16];
        float* sums = (float*)(((nint)room + 63) & ~63), pixels = sums + Planes * TTiles.Room;
        for (int first = 0; first < tilesOfRow; first += TTiles.Rows)
        {
            int rows = Math.Min(TTiles.Rows, tilesOfRow - first), tile = TTiles.RowsFor(rows);
            for (int place = 0; place < 4; place++)
                finish.Prefetch(rows, columns, Offset(place));
            for (int plane = 0; plane < Planes; plane++)
                TTiles.Run(tile, planes + plane * ofPlane + (long)first * words, words, 0, 1, words, weights + (long)plane * words * panel, panel, sums + plane * TTiles.Room);
            if (Vector512.IsHardwareAccelerated)
                TransformBack<Lanes512>(sums, TTiles.Room, rows * panel, pixels);
            else if (Vector256.IsHardwareAccelerated)
                TransformBack<Lanes256>(sums, TTiles.Room, rows * panel, pixels);
            else
                TransformBack<Lanes128>(sums, TTiles.Room, rows * panel, pixels);
            for (int place = 0; place < 4; place++)
                finish.Store(pixels + place * TTiles.Room, panel, rows, columns, Offset(place), column);

            nint Offset(int place) => (pixel + place / 2 * width + 2 * first + place % 2) * outputs + column;
        }
    }

    /// <summary>Bᵀ·d·B of the 4×4 pixels of each tile.</summary>
    private static void Transform<TTiles>(float* from, int rowFloats, int inputs, int tiles, float* to, long ofPlane)
        where TTiles : struct, ITiles
    {
        if (Vector512.IsHardwareAccelerated)
            Transform<TTiles, Lanes512>(from, rowFloats, inputs, tiles, to, ofPlane);
        else if (Vector256.IsHardwareAccelerated)
            Transform<TTiles, Lanes256>(from, rowFloats, inputs, tiles, to, ofPlane);
        else
            Transform<TTiles, Lanes128>(from, rowFloats, inputs, tiles, to, ofPlane);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transform<TTiles, TLanes>(float* from, int rowFloats, int inputs, int tiles, float* to, long ofPlane)
        where TTiles : struct, ITiles
        where TLanes : struct, ILanes<TLanes>
    {
        int whole = inputs - inputs % TLanes.Count, words = TTiles.Words(inputs);
        for (int tile = 0; tile < tiles; tile++, from += 2 * inputs, to += words)
        {
            // The last register overlaps the one before where the channels are no multiple.
            for (int i = 0; i < inputs; i += TLanes.Count)
            {
                int channel = i < whole ? i : inputs - TLanes.Count;
                float* x = from + channel;
                Rows(x, rowFloats, inputs, 0, out TLanes a0, out TLanes b0, out TLanes c0, out TLanes d0);
                Rows(x, rowFloats, inputs, 1, out TLanes a1, out TLanes b1, out TLanes c1, out TLanes d1);
                Rows(x, rowFloats, inputs, 2, out TLanes a2, out TLanes b2, out TLanes c2, out TLanes d2);
                Rows(x, rowFloats, inputs, 3, out TLanes a3, out TLanes b3, out TLanes c3, out TLanes d3);
                Columns<TTiles, TLanes>(a0, a1, a2, a3, to, ofPlane, channel);
                Columns<TTiles, TLanes>(b0, b1, b2, b3, to + 4 * ofPlane, ofPlane, channel);
                Columns<TTiles, TLanes>(c0, c1, c2, c3, to + 8 * ofPlane, ofPlane, channel);
                Columns<TTiles, TLanes>(d0, d1, d2, d3, to + 12 * ofPlane, ofPlane, channel);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rows<TLanes>(float* x, int rowFloats, int inputs, int column, out TLanes a, out TLanes b, out TLanes c, out TLanes d)
        where TLanes : struct, ILanes<TLanes>
    {
        float* place = x + column * inputs;
        TLanes first = TLanes.Load(place), second = TLanes.Load(place + rowFloats), third = TLanes.Load(place + 2 * rowFloats), fourth = TLanes.Load(place + 3 * rowFloats);
        (a, b, c, d) = (first - third, second + third, third - second, second - fourth);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Columns<TTiles, TLanes>(TLanes first, TLanes second, TLanes third, TLanes fourth, float* to, long ofPlane, int channel)
        where TTiles : struct, ITiles
        where TLanes : struct, ILanes<TLanes>
    {
        TTiles.Put(first - third, to, channel);
        TTiles.Put(second + third, to + ofPlane, channel);
        TTiles.Put(third - second, to + 2 * ofPlane, channel);
        TTiles.Put(second - fourth, to + 3 * ofPlane, channel);
    }

    /// <summary>Aᵀ·m·A: from 16 planes to the four places of each tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransformBack<TLanes>(float* sums, int plane, int count, float* pixels)
        where TLanes : struct, ILanes<TLanes>
    {
        for (int i = 0; i < count; i += TLanes.Count)
        {
            float* m = sums + i, y = pixels + i;
            Back(m, plane, 0, out TLanes a0, out TLanes b0);
            Back(m, plane, 1, out TLanes a1, out TLanes b1);
            Back(m, plane, 2, out TLanes a2, out TLanes b2);
            Back(m, plane, 3, out TLanes a3, out TLanes b3);
            TLanes.Store(a0 + a1 + a2, y);
            TLanes.Store(a1 - a2 - a3, y + plane);
            TLanes.Store(b0 + b1 + b2, y + 2 * plane);
            TLanes.Store(b1 - b2 - b3, y + 3 * plane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Back<TLanes>(float* m, int plane, int column, out TLanes a, out TLanes b)
        where TLanes : struct, ILanes<TLanes>
    {
        float* place = m + column * plane;
        TLanes first = TLanes.Load(place), second = TLanes.Load(place + 4 * plane), third = TLanes.Load(place + 8 * plane), fourth = TLanes.Load(place + 12 * plane);
        (a, b) = (first + second + third, second - third - fourth);
    }
}
