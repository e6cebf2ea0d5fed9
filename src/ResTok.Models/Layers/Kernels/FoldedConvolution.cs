using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ResTok.Models.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// A convolution of any window and stride, the scale and shift that follow it, and ReLU, in float32 or float64: libtorch has no fast one of
/// float64. Neighbours in a row of pixels are the rows of a <see cref="Tile{TLanes, T}"/>, the rows of the window its runs of inputs.
/// </summary>
internal sealed unsafe class FoldedConvolution : IDisposable
{
    private const int StripBytes = 384 << 10; // of rows of pixels that pass a panel together: both stay in the second-level cache

    private readonly Tensor panels; // [panels, window · inputs, width]
    private readonly Tensor shift; // [panels · width]
    private readonly int outputs, inputs, windowHeight, windowWidth, stride, padHeight, padWidth;
    private readonly bool isRectified;

    /// <param name="weight">[outputs, inputs, height, width], float32 or float64.</param>
    /// <param name="scale">Multiplies each output, [outputs], or null.</param>
    /// <param name="shift">Is added to that, [outputs], or null.</param>
    /// <param name="stride">In both directions.</param>
    /// <param name="padding">Zeros on both sides.</param>
    /// <param name="isRectified">Whether ReLU comes last.</param>
    public FoldedConvolution(Tensor weight, Tensor? scale = null, Tensor? shift = null, int stride = 1, (int Height, int Width) padding = default, bool isRectified = false)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        (outputs, inputs, windowHeight, windowWidth) = ((int)weight.shape[0], (int)weight.shape[1], (int)weight.shape[2], (int)weight.shape[3]);
        (this.stride, padHeight, padWidth, this.isRectified) = (stride, padding.Height, padding.Width, isRectified);
        int width = WidthOf(weight.dtype), count = (outputs + width - 1) / width;
        Tensor scaled = scale is null ? weight : weight * scale.to(weight.dtype).view(-1, 1, 1, 1);
        long[] missing = [0, (long)count * width - outputs];
        Tensor columns = nn.functional.pad(scaled.permute(2, 3, 1, 0).reshape(-1, outputs), missing);
        panels = columns.view(-1, count, width).permute(1, 0, 2).contiguous().DetachFromDisposeScope();
        this.shift = (shift is null ? zeros([(long)count * width], dtype: weight.dtype) : nn.functional.pad(shift.to(weight.dtype), missing)).DetachFromDisposeScope();
    }

    /// <param name="x">[B, inputs, H, W], of the weight's type, where <see cref="OwnKernels.SuitFolded"/>.</param>
    /// <returns>[B, outputs, H', W'], channels last.</returns>
    public Tensor Apply(Tensor x)
    {
        using var scope = NewDisposeScope();
        (long height, long width) = SizeOf(x);
        Tensor y = OwnKernels.Empty(x.dtype, x.shape[0], height, width, outputs);
        Apply(x, y, 0);
        return y.permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>The same, as some of the channels of a larger result.</summary>
    /// <param name="x">[B, inputs, H, W].</param>
    /// <param name="result">[B, H', W', channels], contiguous.</param>
    /// <param name="channel">The first that is written.</param>
    public void Apply(Tensor x, Tensor result, int channel)
    {
        using var scope = NewDisposeScope();
        Tensor images = x.permute(0, 2, 3, 1);
        (long batch, (int height, int width)) = (images.shape[0], SizeOf(x));
        bool isPixels = windowHeight == 1 && windowWidth == 1 && stride == 1; // then all are one long row
        int most = TileRows(x.dtype), slack = (isPixels ? batch * height * width : width) < most ? most * stride : 0; // a tile may read past a short row
        if (padHeight + padWidth + slack > 0)
            images = Framed(isPixels ? images.reshape(1, 1, -1, inputs) : images, slack);
        images = images.contiguous();
        var shape = isPixels
            ? new Shape(1, 1, (int)batch * height * width, 0, 0)
            : new Shape((int)batch, height, width, (int)images.shape[2] * inputs, (int)(images.shape[1] * images.shape[2]) * inputs);
        if (x.dtype == ScalarType.Float64)
        {
            if (Vector512.IsHardwareAccelerated)
                Run<DoubleLanes512, double>(images, shape, result, channel);
            else if (Vector256.IsHardwareAccelerated)
                Run<DoubleLanes256, double>(images, shape, result, channel);
            else
                Run<DoubleLanes128, double>(images, shape, result, channel);
        }
        else if (Vector512.IsHardwareAccelerated)
            Run<Lanes512, float>(images, shape, result, channel);
        else if (Vector256.IsHardwareAccelerated)
            Run<Lanes256, float>(images, shape, result, channel);
        else
            Run<Lanes128, float>(images, shape, result, channel);
    }

    /// <summary>The product of rows with the weight of a 1×1 window.</summary>
    /// <param name="x">[N, inputs].</param>
    /// <returns>[N, outputs].</returns>
    public Tensor ApplyToRows(Tensor x)
    {
        using var scope = NewDisposeScope();
        return Apply(x.view(1, 1, -1, inputs).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).view(-1, outputs).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        panels.Dispose();
        shift.Dispose();
    }

    private (int Height, int Width) SizeOf(Tensor x) =>
        ((int)(x.shape[2] + 2 * padHeight - windowHeight) / stride + 1, (int)(x.shape[3] + 2 * padWidth - windowWidth) / stride + 1);

    /// <summary>Images within zeros, in memory that was used before.</summary>
    private Tensor Framed(Tensor images, int slack)
    {
        Tensor frames = OwnKernels.Empty(images.dtype, images.shape[0], images.shape[1] + 2 * padHeight, images.shape[2] + 2 * padWidth + slack, inputs).zero_();
        frames.narrow(1, padHeight, images.shape[1]).narrow(2, padWidth, images.shape[2]).copy_(images);
        return frames;
    }

    /// <summary>Outputs of a panel.</summary>
    private static int WidthOf(ScalarType type) => type == ScalarType.Float64 ? Tiles.Width / 2 : Tiles.Width;

    private static int TileRows(ScalarType type) => type != ScalarType.Float64 ? Tiles.Rows
        : Vector512.IsHardwareAccelerated ? DoubleLanes512.Rows : Vector256.IsHardwareAccelerated ? DoubleLanes256.Rows : DoubleLanes128.Rows;

    private void Run<TLanes, T>(Tensor images, Shape shape, Tensor result, int channel)
        where TLanes : struct, ILanes<TLanes, T>
        where T : unmanaged, INumber<T>
    {
        T* frames = (T*)TensorMemory.Floats(images), ofPanels = (T*)TensorMemory.Floats(panels), shifts = (T*)TensorMemory.Floats(shift), to = (T*)TensorMemory.Floats(result) + channel;
        int channels = (int)result.shape[3], panelWidth = Tile<TLanes, T>.Width, panelCount = (int)panels.shape[0];
        // A single row is cut, others are cut between rows.
        bool isRow = shape.Height == 1;
        int units = isRow ? (shape.Width + TLanes.Rows - 1) / TLanes.Rows : shape.Height;
        long unitBytes = sizeof(T) * (isRow ? (long)TLanes.Rows * stride * inputs : (long)stride * shape.RowSize);
        int strip = (int)Math.Clamp(StripBytes / unitBytes, 1, Math.Max(1, units * shape.Images * panelCount / (4 * CpuThreads.Count))), strips = (units + strip - 1) / strip;
        CpuThreads.Run(shape.Images * strips * panelCount, part =>
        {
            (int rest, int panel) = Math.DivRem(part, panelCount);
            (int image, int stripIndex) = Math.DivRem(rest, strips);
            int first = stripIndex * strip, last = Math.Min(first + strip, units);
            int startColumn = isRow ? first * TLanes.Rows : 0, endColumn = isRow ? Math.Min(last * TLanes.Rows, shape.Width) : shape.Width;
            T* weights = ofPanels + (long)panel * windowHeight * windowWidth * inputs * panelWidth;
            T* sums = stackalloc T[12 * panelWidth + 16];
            sums = (T*)(((nint)sums + 63) & ~63);
            for (int row = isRow ? 0 : first; row < (isRow ? 1 : last); row++)
            {
                T* ofRow = frames + image * shape.ImageSize + (long)row * stride * shape.RowSize;
                for (int column = startColumn; column < endColumn;)
                {
                    int rows = Math.Min(TLanes.Rows, endColumn - column), tile = Tile<TLanes, T>.RowsFor(rows);
                    int at = Math.Max(0, Math.Min(column, shape.Width - tile)); // the last tile of a row begins earlier and does not read past it
                    Tile<TLanes, T>.Run(tile, ofRow + (long)at * stride * inputs, stride * inputs, (nint)shape.RowSize, windowHeight, windowWidth * inputs, weights, sums);
                    Store(sums + (column - at) * panelWidth, panelWidth, rows, Math.Min(panelWidth, outputs - panel * panelWidth), shifts + panel * panelWidth,
                        to + (((long)image * shape.Height + row) * shape.Width + column) * channels + panel * panelWidth, channels);
                    column += rows;
                }
            }
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Store<T>(T* sums, int panelWidth, int rows, int count, T* shifts, T* to, int channels)
        where T : unmanaged, INumber<T>
    {
        T floor = isRectified ? T.Zero : T.CreateTruncating(double.NegativeInfinity);
        var least = new Vector<T>(floor);
        int whole = count - count % Vector<T>.Count;
        for (int row = 0; row < rows; row++, sums += panelWidth, to += channels)
        {
            for (int i = 0; i < whole; i += Vector<T>.Count)
                Vector.Store(Vector.Max(Vector.Load(sums + i) + Vector.Load(shifts + i), least), to + i);
            for (int i = whole; i < count; i++)
                to[i] = T.Max(sums[i] + shifts[i], floor);
        }
    }

    /// <param name="Images">How many.</param>
    /// <param name="Height">Of the result.</param>
    /// <param name="Width">Of the result.</param>
    /// <param name="RowSize">Numbers of a framed row.</param>
    /// <param name="ImageSize">Numbers of a framed image.</param>
    private readonly record struct Shape(int Images, int Height, int Width, int RowSize, long ImageSize);
}
