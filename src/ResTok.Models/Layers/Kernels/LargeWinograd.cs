using System.Runtime.CompilerServices;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// F(4×4, 3×3): 36 products for 144. Of the points 0, ±<see cref="A"/>, ±<see cref="B"/> and ∞ it rounds less than half of what the usual 0, ±1, ±2
/// and ∞ would.
/// </summary>
internal readonly unsafe struct LargeWinograd : IWinograd
{
    /// <summary>Its points; their powers are exact.</summary>
    public const float A = 0.625f, B = 1.5f;

    private const int Span = 6, Register = OwnKernels.Line; // of the widest

    public static int Side => 4;

    public static int Planes => Span * Span;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transform<TTiles, TLanes>(float* from, nint ofRow, nint ofPixel, float* to, nint ofPlane, int channel, float* room)
        where TTiles : struct, ITiles
        where TLanes : struct, ILanes<TLanes>
    {
        for (int column = 0; column < Span; column++)
            Forward<Tiles, TLanes>(from + column * ofPixel, ofRow, room + column * Register, Span * Register, 0);
        for (int row = 0; row < Span; row++)
            Forward<TTiles, TLanes>(room + row * Span * Register, Register, to + row * Span * ofPlane, ofPlane, channel);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void TransformBack<TLanes>(float* sums, nint ofPlane, float* pixels, nint ofPixel, float* room)
        where TLanes : struct, ILanes<TLanes>
    {
        for (int column = 0; column < Span; column++)
            Back<TLanes>(sums + column * ofPlane, Span * ofPlane, room + column * Register, Span * Register);
        for (int row = 0; row < Side; row++)
            Back<TLanes>(room + row * Span * Register, Register, pixels + Side * row * ofPixel, ofPixel);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Forward<TTiles, TLanes>(float* x, nint step, float* y, nint stepOfY, int channel)
        where TTiles : struct, ITiles
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes minusA2 = TLanes.Broadcast(-A * A), minusB2 = TLanes.Broadcast(-B * B), product = TLanes.Broadcast(A * A * B * B), minusSum = TLanes.Broadcast(-A * A - B * B);
        TLanes x0 = TLanes.Load(x), x1 = TLanes.Load(x + step), x2 = TLanes.Load(x + 2 * step), x3 = TLanes.Load(x + 3 * step), x4 = TLanes.Load(x + 4 * step), x5 = TLanes.Load(x + 5 * step);
        TLanes evenOfA = TLanes.MultiplyAdd(minusB2, x2, x4), oddOfA = TLanes.Broadcast(A) * TLanes.MultiplyAdd(minusB2, x1, x3);
        TLanes evenOfB = TLanes.MultiplyAdd(minusA2, x2, x4), oddOfB = TLanes.Broadcast(B) * TLanes.MultiplyAdd(minusA2, x1, x3);
        TTiles.Put(TLanes.MultiplyAdd(product, x0, TLanes.MultiplyAdd(minusSum, x2, x4)), y, channel);
        TTiles.Put(evenOfA + oddOfA, y + stepOfY, channel);
        TTiles.Put(evenOfA - oddOfA, y + 2 * stepOfY, channel);
        TTiles.Put(evenOfB + oddOfB, y + 3 * stepOfY, channel);
        TTiles.Put(evenOfB - oddOfB, y + 4 * stepOfY, channel);
        TTiles.Put(TLanes.MultiplyAdd(product, x1, TLanes.MultiplyAdd(minusSum, x3, x5)), y + 5 * stepOfY, channel);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Back<TLanes>(float* m, nint step, float* y, nint stepOfY)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes m1 = TLanes.Load(m + step), m2 = TLanes.Load(m + 2 * step), m3 = TLanes.Load(m + 3 * step), m4 = TLanes.Load(m + 4 * step);
        TLanes sumOfA = m1 + m2, differenceOfA = m1 - m2, sumOfB = m3 + m4, differenceOfB = m3 - m4;
        TLanes.Store(TLanes.Load(m) + sumOfA + sumOfB, y);
        TLanes.Store(TLanes.MultiplyAdd(TLanes.Broadcast(A), differenceOfA, TLanes.Broadcast(B) * differenceOfB), y + stepOfY);
        TLanes.Store(TLanes.MultiplyAdd(TLanes.Broadcast(A * A), sumOfA, TLanes.Broadcast(B * B) * sumOfB), y + 2 * stepOfY);
        TLanes.Store(TLanes.MultiplyAdd(TLanes.Broadcast(A * A * A), differenceOfA, TLanes.MultiplyAdd(TLanes.Broadcast(B * B * B), differenceOfB, TLanes.Load(m + 5 * step))), y + 3 * stepOfY);
    }
}
