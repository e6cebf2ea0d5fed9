using System.Numerics;
using System.Runtime.CompilerServices;

namespace ResTok.Models.Layers.Kernels;

/// <summary>What follows a product before it is stored.</summary>
internal enum Activation
{
    None,
    Silu,
    Gelu,
}

/// <summary>
/// Stores tiles of sums: y = addend + scale · (factor · activation(sum + bias)), each where it is given. Addend and factor lie as the
/// output does; the addend may be the output.
/// </summary>
internal unsafe struct Finish
{
    public float* Output, Bias, Scale, Addend, Factor;
    public Activation Activation;

    /// <summary>From an output row to the next.</summary>
    public nint RowStride;

    /// <param name="sums">A tile, [rows, <paramref name="panel"/>].</param>
    /// <param name="panel">Numbers in its rows.</param>
    /// <param name="rows">Rows wanted of it.</param>
    /// <param name="width">Columns wanted of it.</param>
    /// <param name="offset">Of the first row's first column in the output.</param>
    /// <param name="column">The first column.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Store(float* sums, int panel, int rows, int width, nint offset, int column)
    {
        int whole = width - width % Vector<float>.Count;
        for (int row = 0; row < rows; row++, sums += panel, offset += RowStride)
        {
            for (int i = 0; i < whole; i += Vector<float>.Count)
                Vector.Store(Value(Vector.Load(sums + i), Bias, Scale, Factor, Addend, column + i, offset + i), Output + offset + i);
            if (whole < width)
                StoreRest(sums + whole, width - whole, offset + whole, column + whole);
        }
    }

    /// <summary>The last columns, fewer than a register holds.</summary>
    private readonly void StoreRest(float* sums, int count, nint offset, int column)
    {
        int register = Vector<float>.Count;
        float* copies = stackalloc float[5 * register];
        float* bias = Copy(Bias, column, 1), scale = Copy(Scale, column, 2), factor = Copy(Factor, offset, 3), addend = Copy(Addend, offset, 4);
        Vector.Store(Value(Vector.Load(sums), bias, scale, factor, addend, 0, 0), copies);
        new ReadOnlySpan<float>(copies, count).CopyTo(new Span<float>(Output + offset, count));

        float* Copy(float* from, nint at, int place)
        {
            if (from != null)
                new ReadOnlySpan<float>(from + at, count).CopyTo(new Span<float>(copies + place * register, count));
            return from == null ? null : copies + place * register;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly Vector<float> Value(Vector<float> y, float* bias, float* scale, float* factor, float* addend, int column, nint offset)
    {
        if (bias != null)
            y += Vector.Load(bias + column);
        if (Activation == Activation.Gelu)
            y = VectorMath.Gelu(y);
        else if (Activation == Activation.Silu)
            y = VectorMath.Silu(y);
        if (factor != null)
            y *= Vector.Load(factor + offset);
        if (scale != null)
            y *= Vector.Load(scale + column);
        if (addend != null)
            y += Vector.Load(addend + offset);
        return y;
    }
}
