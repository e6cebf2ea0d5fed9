using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>What is done to every row of a tensor alone: norms and rotary positions, each in one pass.</summary>
internal static unsafe class RowKernels
{
    private const int PartFloats = 1 << 14; // what is worth a thread's attention

    /// <param name="x">[…, width].</param>
    /// <param name="weight">[width].</param>
    /// <param name="bias">[width].</param>
    /// <param name="epsilon">Added to the variance.</param>
    public static Tensor LayerNorm(Tensor x, Tensor weight, Tensor bias, double epsilon)
    {
        using var scope = NewDisposeScope();
        float* factors = OwnKernels.Pointer(OwnKernels.Floats(weight)), addends = OwnKernels.Pointer(OwnKernels.Floats(bias));
        return ForEachRow(x, (from, to, width, _) => LayerNormRow(from, to, width, factors, addends, epsilon)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc cref="LayerNorm"/>
    public static Tensor RmsNorm(Tensor x, Tensor weight, double epsilon)
    {
        using var scope = NewDisposeScope();
        float* factors = OwnKernels.Pointer(OwnKernels.Floats(weight));
        return ForEachRow(x, (from, to, width, _) => RmsNormRow(from, to, width, factors, epsilon)).MoveToOuterDisposeScope();
    }

    /// <param name="x">[B, n, heads, head].</param>
    /// <param name="turns">cos + i·sin of each position and pair, complex64 [L, 1, head/2], contiguous.</param>
    /// <param name="start">The position of the first of the n.</param>
    public static Tensor Rotate(Tensor x, Tensor turns, int start)
    {
        float* table = OwnKernels.Pointer(turns);
        long count = x.shape[1], heads = x.shape[2];
        return ForEachRow(x, (from, to, width, row) => RotateRow(from, to, width, table + (start + row / heads % count) * width));
    }

    private delegate void RowAction(float* from, float* to, int width, long row);

    private static Tensor ForEachRow(Tensor x, RowAction action)
    {
        using var scope = NewDisposeScope();
        int dimensions = (int)x.dim();
        Tensor source = x.stride(-1) == 1 && dimensions <= 4 ? x : x.contiguous();
        if (dimensions > 4)
            source = source.flatten(0, dimensions - 2);
        Tensor y = OwnKernels.Empty(x.shape);
        long[] none = [.. Enumerable.Repeat(1L, Math.Max(0, 4 - (int)source.dim()))], shape = [.. none, .. source.shape], strides = [.. none, .. source.stride()];
        int width = (int)shape[3];
        long rows = shape[0] * shape[1] * shape[2], second = shape[1], third = shape[2], inPart = Math.Max(1, PartFloats / width);
        long ofFirst = strides[0], ofSecond = strides[1], ofThird = strides[2];
        float* from = OwnKernels.Pointer(source), to = OwnKernels.Pointer(y);
        CpuThreads.Run((int)((rows + inPart - 1) / inPart), part =>
        {
            for (long row = part * inPart; row < Math.Min(rows, (part + 1) * inPart); row++)
                action(from + row / (second * third) * ofFirst + row / third % second * ofSecond + row % third * ofThird, to + row * width, width, row);
        });
        return y.MoveToOuterDisposeScope();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LayerNormRow(float* from, float* to, int width, float* factors, float* addends, double epsilon)
    {
        float mean = Sum(from, width, 0, squared: false) / width;
        float scale = (float)(1 / Math.Sqrt(Sum(from, width, mean, squared: true) / width + epsilon));
        int i = 0;
        var means = new Vector<float>(mean);
        for (; i + Vector<float>.Count <= width; i += Vector<float>.Count)
            Vector.Store(Vector.MultiplyAddEstimate((Vector.Load(from + i) - means) * scale, Vector.Load(factors + i), Vector.Load(addends + i)), to + i);
        for (; i < width; i++)
            to[i] = (from[i] - mean) * scale * factors[i] + addends[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RmsNormRow(float* from, float* to, int width, float* factors, double epsilon)
    {
        float scale = (float)(1 / Math.Sqrt(Sum(from, width, 0, squared: true) / width + epsilon));
        int i = 0;
        for (; i + Vector<float>.Count <= width; i += Vector<float>.Count)
            Vector.Store(Vector.Load(from + i) * scale * Vector.Load(factors + i), to + i);
        for (; i < width; i++)
            to[i] = from[i] * scale * factors[i];
    }

    /// <summary>Of the differences from a value, or of their squares.</summary>
    private static float Sum(float* x, int width, float from, bool squared)
    {
        Vector<float> sum = default, sum2 = default, start = new(from);
        int i = 0, register = Vector<float>.Count;
        for (; i + 2 * register <= width; i += 2 * register)
        {
            Vector<float> a = Vector.Load(x + i) - start, b = Vector.Load(x + i + register) - start;
            sum = squared ? Vector.MultiplyAddEstimate(a, a, sum) : sum + a;
            sum2 = squared ? Vector.MultiplyAddEstimate(b, b, sum2) : sum2 + b;
        }
        float rest = 0;
        for (; i < width; i++)
            rest += squared ? (x[i] - from) * (x[i] - from) : x[i] - from;
        return Vector.Sum(sum + sum2) + rest;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RotateRow(float* from, float* to, int width, float* turns)
    {
        int i = 0;
        for (; i + 4 <= width; i += 4) // two pairs
        {
            Vector128<float> x = Vector128.Load(from + i), turn = Vector128.Load(turns + i);
            Vector128<float> cos = Vector128.Shuffle(turn, Vector128.Create(0, 0, 2, 2)), sin = Vector128.Shuffle(turn, Vector128.Create(1, 1, 3, 3)) * Vector128.Create(-1f, 1, -1, 1);
            (x * cos + Vector128.Shuffle(x, Vector128.Create(1, 0, 3, 2)) * sin).Store(to + i);
        }
        for (; i < width; i += 2)
        {
            to[i] = from[i] * turns[i] - from[i + 1] * turns[i + 1];
            to[i + 1] = from[i + 1] * turns[i] + from[i] * turns[i + 1];
        }
    }
}
