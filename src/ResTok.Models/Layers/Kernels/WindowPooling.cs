using System.Numerics;
using System.Runtime.CompilerServices;
using ResTok.Models.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>Pooling over windows of 3×3 of images with channels last, in float32 or float64, into memory that was used before.</summary>
internal static unsafe class WindowPooling
{
    private const int Side = 3;

    /// <param name="x">[B, C, H, W], where <see cref="OwnKernels.SuitFolded"/>.</param>
    /// <param name="stride">In both directions.</param>
    /// <param name="padding">On all sides; it counts neither for the largest nor for the mean.</param>
    /// <param name="isMean">Whether the mean of a window, or its largest.</param>
    /// <returns>[B, C, H', W'], channels last.</returns>
    public static Tensor Apply(Tensor x, int stride, int padding, bool isMean)
    {
        using var scope = NewDisposeScope();
        Tensor images = x.permute(0, 2, 3, 1).contiguous();
        int height = (int)images.shape[1], width = (int)images.shape[2];
        Tensor y = OwnKernels.Empty(x.dtype, images.shape[0], (height + 2 * padding - Side) / stride + 1, (width + 2 * padding - Side) / stride + 1, images.shape[3]);
        if (x.dtype == ScalarType.Float64)
            Run<double>(images, y, stride, padding, isMean);
        else
            Run<float>(images, y, stride, padding, isMean);
        return y.permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    private static void Run<T>(Tensor images, Tensor result, int stride, int padding, bool isMean)
        where T : unmanaged, INumber<T>
    {
        T* from = (T*)TensorMemory.Floats(images), to = (T*)TensorMemory.Floats(result);
        int height = (int)images.shape[1], width = (int)images.shape[2], channels = (int)images.shape[3], rows = (int)result.shape[1], columns = (int)result.shape[2];
        CpuThreads.Run((int)result.shape[0] * rows, part =>
        {
            (int image, int row) = Math.DivRem(part, rows);
            int top = Math.Max(0, row * stride - padding), bottom = Math.Min(height, row * stride - padding + Side);
            for (int column = 0; column < columns; column++)
            {
                int left = Math.Max(0, column * stride - padding), right = Math.Min(width, column * stride - padding + Side);
                Pool(from + (((long)image * height + top) * width + left) * channels, bottom - top, right - left, (long)width * channels, channels, isMean, to + ((long)part * columns + column) * channels);
            }
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pool<T>(T* from, int high, int wide, long rowSize, int channels, bool isMean, T* to)
        where T : unmanaged, INumber<T>
    {
        var count = new Vector<T>(T.CreateTruncating(high * wide));
        int whole = channels - channels % Vector<T>.Count;
        for (int channel = 0; channel < whole; channel += Vector<T>.Count)
        {
            Vector<T> value = Vector.Load(from + channel);
            for (int row = 0; row < high; row++)
            {
                T* x = from + row * rowSize + channel;
                for (int column = 0; column < wide; column++, x += channels)
                    value = row + column == 0 ? value : isMean ? value + Vector.Load(x) : Vector.Max(value, Vector.Load(x));
            }
            Vector.Store(isMean ? value / count : value, to + channel);
        }
        for (int channel = whole; channel < channels; channel++)
        {
            T value = from[channel];
            for (int i = 1; i < high * wide; i++)
            {
                T x = from[i / wide * rowSize + i % wide * channels + channel];
                value = isMean ? value + x : T.Max(value, x);
            }
            to[channel] = isMean ? value / T.CreateTruncating(high * wide) : value;
        }
    }
}
