using System.Numerics;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// A 3×3 convolution by F(2×2, 3×3) of Lavin and Gray, "Fast algorithms for convolutional neural networks" (CVPR 2016): 2×2 pixels at a
/// time from 4×4, in 16 products where there were 36. Input and output are transformed by additions alone, so that rounding grows little.
/// </summary>
internal static unsafe class WinogradConvolution
{
    public const int Planes = 16;

    private const int FewestChannels = 32; // with fewer the transforms cost what the products gain
    private const int StripBytes = 2 << 20; // of transformed pixels at a time

    /// <summary>Whether a convolution is computed so.</summary>
    public static bool Suits(int height, int width, int inputs, int outputs) =>
        height % 2 == 0 && width % 2 == 0 && inputs >= FewestChannels && outputs >= FewestChannels;

    /// <param name="weight">[outputs, inputs, 3, 3].</param>
    /// <returns>[outputs, inputs, 4, 4].</returns>
    public static Tensor TransformWeights(Tensor weight)
    {
        using var scope = NewDisposeScope();
        Tensor g = tensor(new double[,] { { 1, 0, 0 }, { 0.5, 0.5, 0.5 }, { 0.5, -0.5, 0.5 }, { 0, 0, 1 } });
        return g.matmul(weight.to(ScalarType.Float64)).matmul(g.t()).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

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
            for (int plane = 0; plane < Planes; plane++)
                TTiles.Run(tile, planes + plane * ofPlane + (long)first * words, words, 0, 1, words, weights + (long)plane * words * panel, panel, sums + plane * TTiles.Room);
            TransformBack(sums, TTiles.Room, rows * panel, pixels);
            for (int place = 0; place < 4; place++)
                finish.Store(pixels + place * TTiles.Room, panel, rows, columns, (pixel + place / 2 * width + 2 * first + place % 2) * outputs + column, column);
        }
    }

    /// <summary>Bᵀ·d·B of the 4×4 pixels of each tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transform<TTiles>(float* from, int rowFloats, int inputs, int tiles, float* to, long ofPlane)
        where TTiles : struct, ITiles
    {
        int whole = inputs - inputs % Vector<float>.Count, words = TTiles.Words(inputs);
        for (int tile = 0; tile < tiles; tile++, from += 2 * inputs, to += words)
        {
            // The last register overlaps the one before where the channels are no multiple.
            for (int i = 0; i < inputs; i += Vector<float>.Count)
            {
                int channel = i < whole ? i : inputs - Vector<float>.Count;
                float* x = from + channel;
                Rows(x, rowFloats, inputs, 0, out Vector<float> a0, out Vector<float> b0, out Vector<float> c0, out Vector<float> d0);
                Rows(x, rowFloats, inputs, 1, out Vector<float> a1, out Vector<float> b1, out Vector<float> c1, out Vector<float> d1);
                Rows(x, rowFloats, inputs, 2, out Vector<float> a2, out Vector<float> b2, out Vector<float> c2, out Vector<float> d2);
                Rows(x, rowFloats, inputs, 3, out Vector<float> a3, out Vector<float> b3, out Vector<float> c3, out Vector<float> d3);
                Columns<TTiles>(a0, a1, a2, a3, to, ofPlane, channel);
                Columns<TTiles>(b0, b1, b2, b3, to + 4 * ofPlane, ofPlane, channel);
                Columns<TTiles>(c0, c1, c2, c3, to + 8 * ofPlane, ofPlane, channel);
                Columns<TTiles>(d0, d1, d2, d3, to + 12 * ofPlane, ofPlane, channel);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rows(float* x, int rowFloats, int inputs, int column, out Vector<float> a, out Vector<float> b, out Vector<float> c, out Vector<float> d)
    {
        float* place = x + column * inputs;
        Vector<float> first = Vector.Load(place), second = Vector.Load(place + rowFloats), third = Vector.Load(place + 2 * rowFloats), fourth = Vector.Load(place + 3 * rowFloats);
        (a, b, c, d) = (first - third, second + third, third - second, second - fourth);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Columns<TTiles>(Vector<float> first, Vector<float> second, Vector<float> third, Vector<float> fourth, float* to, long ofPlane, int channel)
        where TTiles : struct, ITiles
    {
        TTiles.Put(first - third, to, channel);
        TTiles.Put(second + third, to + ofPlane, channel);
        TTiles.Put(third - second, to + 2 * ofPlane, channel);
        TTiles.Put(second - fourth, to + 3 * ofPlane, channel);
    }

    /// <summary>Aᵀ·m·A: from 16 planes to the four places of each tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransformBack(float* sums, int plane, int count, float* pixels)
    {
        for (int i = 0; i < count; i += Vector<float>.Count)
        {
            float* m = sums + i, y = pixels + i;
            Back(m, plane, 0, out Vector<float> a0, out Vector<float> b0);
            Back(m, plane, 1, out Vector<float> a1, out Vector<float> b1);
            Back(m, plane, 2, out Vector<float> a2, out Vector<float> b2);
            Back(m, plane, 3, out Vector<float> a3, out Vector<float> b3);
            Vector.Store(a0 + a1 + a2, y);
            Vector.Store(a1 - a2 - a3, y + plane);
            Vector.Store(b0 + b1 + b2, y + 2 * plane);
            Vector.Store(b1 - b2 - b3, y + 3 * plane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Back(float* m, int plane, int column, out Vector<float> a, out Vector<float> b)
    {
        float* place = m + column * plane;
        Vector<float> first = Vector.Load(place), second = Vector.Load(place + 4 * plane), third = Vector.Load(place + 8 * plane), fourth = Vector.Load(place + 12 * plane);
        (a, b) = (first + second + third, second - third - fourth);
    }
}
