using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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

    /// <summary>The same, for what begins so many numbers later in the output.</summary>
    public readonly Finish Moved(nint by) => this with
    {
        Output = Output + by,
        Addend = Addend == null ? null : Addend + by,
        Factor = Factor == null ? null : Factor + by,
    };

    /// <param name="sums">A tile, [rows, <paramref name="panel"/>].</param>
    /// <param name="panel">Numbers in its rows.</param>
    /// <param name="rows">Rows wanted of it.</param>
    /// <param name="width">Columns wanted of it.</param>
    /// <param name="offset">Of the first row's first column in the output.</param>
    /// <param name="column">The first column.</param>
    public readonly void Store(float* sums, int panel, int rows, int width, nint offset, int column)
    {
        if (Vector512.IsHardwareAccelerated)
            Store<Lanes512>(sums, panel, rows, width, offset, column);
        else if (Vector256.IsHardwareAccelerated)
            Store<Lanes256>(sums, panel, rows, width, offset, column);
        else
            Store<Lanes128>(sums, panel, rows, width, offset, column);
    }

    /// <summary>Asks for the memory that <see cref="Store"/> will touch, while a tile is still being summed.</summary>
    /// <param name="rows">Rows wanted.</param>
    /// <param name="width">Columns wanted.</param>
    /// <param name="offset">As there.</param>
    public readonly void Prefetch(int rows, int width, nint offset)
    {
        if (!Sse.IsSupported)
            return;
        for (int row = 0; row < rows; row++, offset += RowStride)
        {
            for (int i = 0; i < width; i += OwnKernels.Line)
            {
                Sse.Prefetch0(Output + offset + i);
                if (Addend != null && Addend != Output)
                    Sse.Prefetch0(Addend + offset + i);
                if (Factor != null)
                    Sse.Prefetch0(Factor + offset + i);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Store<TLanes>(float* sums, int panel, int rows, int width, nint offset, int column)
        where TLanes : struct, ILanes<TLanes>
    {
        int whole = width - width % TLanes.Count;
        // In registers, not read again after every store.
        Activation activation = Activation;
        float* output = Output, bias = Bias == null ? null : Bias + column, scale = Scale == null ? null : Scale + column, addend = Addend, factor = Factor;
        for (int row = 0; row < rows; row++, sums += panel, offset += RowStride)
        {
            for (int i = 0; i < whole; i += TLanes.Count)
                TLanes.Store(Value(TLanes.Load(sums + i), activation, bias, scale, factor, addend, i, offset + i), output + offset + i);
            if (whole < width)
                StoreRest<TLanes>(sums + whole, width - whole, offset + whole, column + whole);
        }
    }

    /// <summary>The last columns, fewer than a register holds.</summary>
    private readonly void StoreRest<TLanes>(float* sums, int count, nint offset, int column)
        where TLanes : struct, ILanes<TLanes>
    {
        int register = TLanes.Count;
        float* copies = stackalloc float[6 * register];
        float* bias = Copy(Bias, column, 1), scale = Copy(Scale, column, 2), factor = Copy(Factor, offset, 3), addend = Copy(Addend, offset, 4), given = Copy(sums, 0, 5);
        TLanes.Store(Value(TLanes.Load(given), Activation, bias, scale, factor, addend, 0, 0), copies);
        new ReadOnlySpan<float>(copies, count).CopyTo(new Span<float>(Output + offset, count));

        float* Copy(float* from, nint at, int place)
        {
            if (from != null)
                new ReadOnlySpan<float>(from + at, count).CopyTo(new Span<float>(copies + place * register, count));
            return from == null ? null : copies + place * register;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Value<TLanes>(TLanes y, Activation activation, float* bias, float* scale, float* factor, float* addend, int column, nint offset)
        where TLanes : struct, ILanes<TLanes>
    {
        if (bias != null)
            y += TLanes.Load(bias + column);
        if (activation == Activation.Gelu)
            y = VectorMath.Gelu(y);
        else if (activation == Activation.Silu)
            y = VectorMath.Silu(y);
        if (factor != null)
            y *= TLanes.Load(factor + offset);
        if (scale != null)
            y *= TLanes.Load(scale + column);
        if (addend != null)
            y += TLanes.Load(addend + offset);
        return y;
    }
}
