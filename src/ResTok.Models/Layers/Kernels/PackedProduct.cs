using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// x·Wᵀ of any number of rows. Rows are packed into blocks, a tile's height each, so that a step of <see cref="Tiles"/> reads numbers that
/// lie together; a panel of weights stays in the second-level cache while all blocks pass it. Of few rows the weights are read once, at
/// the rate of the memory.
/// </summary>
internal static unsafe class PackedProduct
{
    private const int PackedBytes = 8 << 20; // of rows at a time: what a share of the last cache holds

    /// <param name="x">[…, inputs].</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs] or null.</param>
    /// <param name="activation">Of the product with its bias.</param>
    /// <param name="factor">Multiplies that, [… , outputs], or null.</param>
    /// <param name="scale">Multiplies that, [outputs], or null.</param>
    /// <param name="addend">Is added to that, […, outputs], or null.</param>
    /// <returns>[…, outputs].</returns>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor? bias, Activation activation = Activation.None, Tensor? factor = null, Tensor? scale = null, Tensor? addend = null)
    {
        using var scope = NewDisposeScope();
        PackedWeights packed = PackedWeights.Of(weight);
        Tensor rows = x.reshape(-1, packed.Inputs);
        if (rows.stride(1) != 1)
            rows = rows.contiguous();
        Tensor y = OwnKernels.Empty([.. x.shape[..^1], packed.Outputs]);
        var finish = new Finish
        {
            Output = OwnKernels.Pointer(y), RowStride = packed.Outputs, Activation = activation, Bias = OwnKernels.Pointer(bias?.contiguous()),
            Scale = OwnKernels.Pointer(scale?.contiguous()), Factor = OwnKernels.Pointer(factor?.contiguous()), Addend = OwnKernels.Pointer(addend?.contiguous()),
        };
        Run(OwnKernels.Pointer(rows), rows.shape[0], (nint)rows.stride(0), packed.Inputs, packed.Panels(weight), packed.Outputs, finish);
        return y.MoveToOuterDisposeScope();
    }

    /// <summary>A 1×1 convolution, which is the product of every pixel.</summary>
    /// <param name="x">[B, inputs, H, W].</param>
    /// <param name="weight">[outputs, inputs, 1, 1].</param>
    /// <param name="bias">[outputs] or null.</param>
    /// <param name="addend">[B, outputs, H, W] or null.</param>
    /// <returns>[B, outputs, H, W], channels last.</returns>
    public static Tensor ApplyToPixels(Tensor x, Tensor weight, Tensor? bias, Tensor? addend)
    {
        using var scope = NewDisposeScope();
        return Apply(x.permute(0, 2, 3, 1), weight, bias, addend: addend?.permute(0, 2, 3, 1)).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    /// <param name="x">The rows.</param>
    /// <param name="rows">How many.</param>
    /// <param name="stride">From a row to the next.</param>
    /// <param name="inputs">Numbers of a row.</param>
    /// <param name="panels">The weights, packed.</param>
    /// <param name="outputs">Numbers of a result.</param>
    /// <param name="finish">Where the results go.</param>
    public static void Run(float* x, long rows, nint stride, int inputs, float* panels, int outputs, Finish finish)
    {
        int most = Math.Max(Tiles.Rows, PackedBytes / 4 / inputs / Tiles.Rows * Tiles.Rows);
        using NativeFloats.Loan memory = NativeFloats.Borrow(Math.Min(rows + Tiles.Rows, most) * inputs);
        for (long start = 0; start < rows; start += most)
        {
            Finish ofPart = finish;
            ofPart.Output += start * finish.RowStride;
            ofPart.Addend = finish.Addend == null ? null : finish.Addend + start * finish.RowStride;
            ofPart.Factor = finish.Factor == null ? null : finish.Factor + start * finish.RowStride;
            RunPart(x + start * stride, (int)Math.Min(most, rows - start), stride, inputs, panels, outputs, ofPart, memory.Start);
        }
    }

    private static void RunPart(float* x, int rows, nint stride, int inputs, float* panels, int outputs, Finish finish, float* packed)
    {
        int blocks = (rows + Tiles.Rows - 1) / Tiles.Rows, panelCount = Tiles.Panels(outputs);
        if (blocks == 1)
            PackBlock(x, rows, stride, inputs, packed);
        else
            CpuThreads.Run(blocks, block => PackBlock(x + (nint)block * Tiles.Rows * stride, Math.Min(Tiles.Rows, rows - block * Tiles.Rows), stride, inputs, packed + (long)block * Tiles.Rows * inputs));
        // Panels alone keep two threads busy; many threads share a panel's rows as well.
        int shares = Math.Clamp(4 * CpuThreads.Count / panelCount, 1, blocks);
        CpuThreads.Run(panelCount * shares, part =>
        {
            (int panel, int share) = Math.DivRem(part, shares);
            float* sums = stackalloc float[Tiles.Room + 16];
            sums = (float*)(((nint)sums + 63) & ~63);
            for (int block = blocks * share / shares; block < blocks * (share + 1) / shares; block++)
            {
                int first = block * Tiles.Rows, count = Math.Min(Tiles.Rows, rows - first), tile = Tiles.RowsFor(count);
                Tiles.Run(tile, packed + (long)first * inputs, 1, tile, 0, 1, inputs, panels + (long)panel * inputs * Tiles.Width, sums);
                finish.Store(sums, Tiles.Width, count, Math.Min(Tiles.Width, outputs - panel * Tiles.Width), first * finish.RowStride + panel * Tiles.Width, panel * Tiles.Width);
            }
        });
    }

    /// <summary>From rows to [inputs, tile], with zeros for rows that are none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void PackBlock(float* from, int rows, nint stride, int inputs, float* to)
    {
        const int Line = 16; // numbers that are read of each row at a time: rows may be a page apart
        int tile = Tiles.RowsFor(rows);
        for (int start = 0; start < inputs; start += Line)
        {
            int count = Math.Min(Line, inputs - start);
            float* block = to + (long)start * tile;
            for (int row = 0; row < tile; row++)
            {
                float* packed = block + row, x = from + row * stride + start;
                for (int i = 0; i < count; i++, packed += tile)
                    *packed = row < rows ? x[i] : 0;
            }
        }
    }
}
