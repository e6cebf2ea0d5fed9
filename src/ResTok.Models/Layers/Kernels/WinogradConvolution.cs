using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// A 3×3 convolution by Lavin and Gray, "Fast algorithms for convolutional neural networks" (CVPR 2016): a tile of pixels at a time from the
/// tile with its border, by fewer products than taps. What goes in and what comes out is transformed.
/// </summary>
internal static unsafe class WinogradConvolution
{
    private const int FewestChannels = 32; // with fewer the transforms cost what the products gain
    private const int StripBytes = 4 << 20; // of transformed pixels at a time

    private const int GroupTiles = 128; // that a plane's weights are multiplied with while they are in the first-level cache

    /// <summary>How a 3×3 weight is packed: for large tiles in float32, where there are enough of them for weights that grow fourfold; bfloat16 would round too much.</summary>
    public static WeightForm FormFor(int height, int width, Tensor weight)
    {
        const int FewestTiles = 64, MostInputs = 256;
        (int outputs, int inputs) = ((int)weight.shape[0], (int)weight.shape[1]);
        if (weight.dtype == ScalarType.Float32 && inputs <= MostInputs && height * width >= FewestTiles * LargeWinograd.Side * LargeWinograd.Side
            && Suits<LargeWinograd>(height, width, inputs, outputs))
            return WeightForm.LargeWinograd;
        return Suits<SmallWinograd>(height, width, inputs, outputs) ? WeightForm.SmallWinograd : WeightForm.Plain;
    }

    /// <param name="frame">The image in its frame, [height + 2, width + 2, inputs].</param>
    /// <param name="height">Whole tiles.</param>
    /// <param name="width">Whole tiles.</param>
    /// <param name="weights">Packed; of a panel all planes lie together.</param>
    /// <param name="packed">What they are.</param>
    /// <param name="finish">Where the result goes.</param>
    public static void Convolve<TTiles, TWinograd>(float* frame, int height, int width, float* weights, PackedWeights packed, Finish finish)
        where TTiles : struct, ITiles
        where TWinograd : struct, IWinograd
    {
        int side = TWinograd.Side, inputs = packed.Inputs, words = TTiles.Words(inputs), tilesOfRow = width / side, rowFloats = (width + 2) * inputs;
        long ofTileRow = (long)tilesOfRow * words;
        int strip = (int)Math.Clamp(StripBytes / (4 * TWinograd.Planes * ofTileRow), 1, height / side), blocks = (tilesOfRow + TTiles.Rows - 1) / TTiles.Rows;
        nint ofPlane = (nint)(strip * ofTileRow + TTiles.Rows * words); // with room for what a tile reads and does not need
        using NativeFloats.Loan memory = NativeFloats.Borrow(TWinograd.Planes * ofPlane);
        float* planes = memory.Start;
        finish.RowStride = packed.Outputs;
        for (int start = 0; start < height / side; start += strip)
        {
            int first = start, rows = Math.Min(strip, height / side - start);
            CpuThreads.Run(rows * blocks, part =>
            {
                (int row, int block) = Math.DivRem(part, blocks);
                int tile = block * TTiles.Rows;
                float* from = frame + (long)side * (first + row) * rowFloats + (long)side * tile * inputs;
                Transform<TTiles, TWinograd>(from, rowFloats, inputs, Math.Min(TTiles.Rows, tilesOfRow - tile), planes + row * ofTileRow + (long)tile * words, ofPlane);
            });
            // Tiles of all rows are one long row.
            int tiles = rows * tilesOfRow, share = (tiles + rows * TTiles.Rows - 1) / (rows * TTiles.Rows) * TTiles.Rows, shares = (tiles + share - 1) / share;
            CpuThreads.Run(packed.PanelCount * shares, part =>
            {
                (int panel, int index) = Math.DivRem(part, shares);
                var range = new Range(index * share, Math.Min(tiles, (index + 1) * share));
                Multiply<TTiles, TWinograd>(planes, ofPlane, range, tilesOfRow, weights + panel * packed.PanelSize, packed, panel * packed.Width, finish.Moved((nint)side * first * width * packed.Outputs));
            });
        }
    }

    private static bool Suits<TWinograd>(int height, int width, int inputs, int outputs)
        where TWinograd : struct, IWinograd =>
        height % TWinograd.Side == 0 && width % TWinograd.Side == 0 && inputs % 2 == 0 && inputs >= FewestChannels && outputs >= FewestChannels;

    /// <summary>All planes of some tiles times a panel.</summary>
    private static void Multiply<TTiles, TWinograd>(float* planes, nint ofPlane, Range range, int tilesOfRow, float* weights, PackedWeights packed, int column, Finish finish)
        where TTiles : struct, ITiles
        where TWinograd : struct, IWinograd
    {
        int side = TWinograd.Side, panel = packed.Width, columns = Math.Min(panel, packed.Outputs - column), words = TTiles.Words(packed.Inputs), last = range.End.Value;
        int group = Math.Max(1, GroupTiles / TTiles.Rows) * TTiles.Rows, ofSums = group * panel;
        nint ofPixelRow = (nint)side * tilesOfRow * packed.Outputs;
        using NativeFloats.Loan memory = NativeFloats.Borrow(TWinograd.Planes * (ofSums + OwnKernels.Line) + side * side * panel);
        float* sums = memory.Start, room = sums + TWinograd.Planes * ofSums, pixels = room + TWinograd.Planes * OwnKernels.Line;
        for (int first = range.Start.Value; first < last; first += group)
        {
            int count = Math.Min(group, last - first);
            for (int plane = 0; plane < TWinograd.Planes; plane++)
            {
                for (int tile = 0; tile < count; tile += TTiles.Rows)
                    TTiles.Run(TTiles.RowsFor(Math.Min(TTiles.Rows, count - tile)), planes + plane * ofPlane + (long)(first + tile) * words, words, 0, 1, words, weights + (long)plane * words * panel, panel, sums + plane * ofSums + tile * panel);
            }
            for (int tile = 0; tile < count; tile++)
            {
                for (int row = 0; row < side && tile + 1 < count; row++)
                    finish.Prefetch(side, columns, Offset(first + tile + 1, row));
                if (Vector512.IsHardwareAccelerated)
                    TransformBack<TWinograd, Lanes512>(sums + tile * panel, ofSums, panel, pixels, room);
                else if (Vector256.IsHardwareAccelerated)
                    TransformBack<TWinograd, Lanes256>(sums + tile * panel, ofSums, panel, pixels, room);
                else
                    TransformBack<TWinograd, Lanes128>(sums + tile * panel, ofSums, panel, pixels, room);
                for (int row = 0; row < side; row++)
                    finish.Store(pixels + row * side * panel, panel, side, columns, Offset(first + tile, row), column);
            }
        }

        nint Offset(int tile, int row) => (side * (tile / tilesOfRow) + row) * ofPixelRow + (nint)side * (tile % tilesOfRow) * packed.Outputs + column;
    }

    private static void Transform<TTiles, TWinograd>(float* from, int rowFloats, int inputs, int tiles, float* to, nint ofPlane)
        where TTiles : struct, ITiles
        where TWinograd : struct, IWinograd
    {
        if (Vector512.IsHardwareAccelerated)
            Transform<TTiles, TWinograd, Lanes512>(from, rowFloats, inputs, tiles, to, ofPlane);
        else if (Vector256.IsHardwareAccelerated)
            Transform<TTiles, TWinograd, Lanes256>(from, rowFloats, inputs, tiles, to, ofPlane);
        else
            Transform<TTiles, TWinograd, Lanes128>(from, rowFloats, inputs, tiles, to, ofPlane);
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transform<TTiles, TWinograd, TLanes>(float* from, int rowFloats, int inputs, int tiles, float* to, nint ofPlane)
        where TTiles : struct, ITiles
        where TWinograd : struct, IWinograd
        where TLanes : struct, ILanes<TLanes>
    {
        int whole = inputs - inputs % TLanes.Count, words = TTiles.Words(inputs);
        float* memory = stackalloc float[(TWinograd.Planes + 1) * OwnKernels.Line], room = (float*)(((nint)memory + 63) & ~63);
        for (int tile = 0; tile < tiles; tile++, from += TWinograd.Side * inputs, to += words)
        {
            // The last register overlaps the one before where the channels are no multiple.
            for (int i = 0; i < inputs; i += TLanes.Count)
            {
                int channel = i < whole ? i : inputs - TLanes.Count;
                TWinograd.Transform<TTiles, TLanes>(from + channel, rowFloats, inputs, to, ofPlane, channel, room);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransformBack<TWinograd, TLanes>(float* sums, nint ofPlane, int panel, float* pixels, float* room)
        where TWinograd : struct, IWinograd
        where TLanes : struct, ILanes<TLanes>
    {
        for (int i = 0; i < panel; i += TLanes.Count)
            TWinograd.TransformBack<TLanes>(sums + i, ofPlane, pixels + i, panel, room);
    }
}
