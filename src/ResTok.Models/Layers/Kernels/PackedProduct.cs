using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// x·Wᵀ of any number of rows, a tile's height at a time; a panel of weights stays in the second-level cache while all rows pass it. Of few
/// rows the weights are read once, at the rate of the memory. Rows are copied first, so that those of a tile lie at different places of the
/// first-level cache, which a power of two between them would not let them.
/// </summary>
internal static unsafe class PackedProduct
{
    private const int PackedBytes = 8 << 20; // of rows at a time: what a share of the last cache holds
    private const int FewestParts = 32; // of a thread: the last to end is waited for

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
            Output = OwnKernels.Pointer(y), RowStride = packed.Outputs, Activation = activation, Bias = OwnKernels.Pointer(OwnKernels.Floats(bias)),
            Scale = OwnKernels.Pointer(OwnKernels.Floats(scale)), Factor = OwnKernels.Pointer(factor?.contiguous()), Addend = OwnKernels.Pointer(OwnKernels.Floats(addend)),
        };
        float* panels = packed.Panels(weight), from = OwnKernels.Pointer(rows);
        if (packed.IsBfloat)
            Run<BfloatTiles>(from, rows.shape[0], (nint)rows.stride(0), panels, packed, finish);
        else
            Run<Tiles>(from, rows.shape[0], (nint)rows.stride(0), panels, packed, finish);
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

    private static void Run<TTiles>(float* x, long rows, nint rowStride, float* panels, PackedWeights packed, Finish finish)
        where TTiles : struct, ITiles
    {
        int stride = TTiles.Words(packed.Inputs) + OwnKernels.Line, most = Math.Max(TTiles.Rows, PackedBytes / 4 / stride / TTiles.Rows * TTiles.Rows);
        using NativeFloats.Loan memory = NativeFloats.Borrow((Math.Min(rows, most) + TTiles.Rows) * stride); // with room for what the last tile reads and does not need
        for (long start = 0; start < rows; start += most)
        {
            RunPart<TTiles>(x + start * rowStride, (int)Math.Min(most, rows - start), rowStride, panels, packed, finish.Moved((nint)start * finish.RowStride), memory.Start, stride);
        }
    }

    private static void RunPart<TTiles>(float* x, int rows, nint rowStride, float* panels, PackedWeights packed, Finish finish, float* memory, int stride)
        where TTiles : struct, ITiles
    {
        int words = TTiles.Words(packed.Inputs), blocks = (rows + TTiles.Rows - 1) / TTiles.Rows, width = packed.Width;
        CpuThreads.Run(blocks, block =>
        {
            for (int row = block * TTiles.Rows; row < Math.Min((block + 1) * TTiles.Rows, rows); row++)
                TTiles.PackRow(x + row * rowStride, packed.Inputs, memory + (long)row * stride);
        });
        int shares = Math.Clamp((FewestParts * CpuThreads.Count + packed.PanelCount - 1) / packed.PanelCount, 1, blocks);
        CpuThreads.Run(packed.PanelCount * shares, part =>
        {
            (int panel, int share) = Math.DivRem(part, shares);
            float* sums = stackalloc float[TTiles.Room + 16];
            sums = (float*)(((nint)sums + 63) & ~63);
            int column = panel * width, columns = Math.Min(width, packed.Outputs - column);
            for (int block = blocks * share / shares; block < blocks * (share + 1) / shares; block++)
            {
                int first = block * TTiles.Rows, count = Math.Min(TTiles.Rows, rows - first);
                nint offset = first * finish.RowStride + column;
                finish.Prefetch(count, columns, offset);
                TTiles.Run(TTiles.RowsFor(count), memory + (long)first * stride, stride, 0, 1, words, panels + panel * packed.PanelSize, width, sums);
                finish.Store(sums, width, count, columns, offset, column);
            }
        });
    }
}
