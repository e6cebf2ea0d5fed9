using System.Runtime.CompilerServices;

namespace ResTok.Models.Layers.Kernels;

/// <summary>F(2×2, 3×3): 16 products for 36, by additions alone.</summary>
internal readonly unsafe struct SmallWinograd : IWinograd
{
    public static int Side => 2;

    public static int Planes => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transform<TTiles, TLanes>(float* from, nint ofRow, nint ofPixel, float* to, nint ofPlane, int channel, float* room)
        where TTiles : struct, ITiles
        where TLanes : struct, ILanes<TLanes>
    {
        Rows(from, ofRow, out TLanes a0, out TLanes b0, out TLanes c0, out TLanes d0);
        Rows(from + ofPixel, ofRow, out TLanes a1, out TLanes b1, out TLanes c1, out TLanes d1);
        Rows(from + 2 * ofPixel, ofRow, out TLanes a2, out TLanes b2, out TLanes c2, out TLanes d2);
        Rows(from + 3 * ofPixel, ofRow, out TLanes a3, out TLanes b3, out TLanes c3, out TLanes d3);
        Columns<TTiles, TLanes>(a0, a1, a2, a3, to, ofPlane, channel);
        Columns<TTiles, TLanes>(b0, b1, b2, b3, to + 4 * ofPlane, ofPlane, channel);
        Columns<TTiles, TLanes>(c0, c1, c2, c3, to + 8 * ofPlane, ofPlane, channel);
        Columns<TTiles, TLanes>(d0, d1, d2, d3, to + 12 * ofPlane, ofPlane, channel);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void TransformBack<TLanes>(float* sums, nint ofPlane, float* pixels, nint ofPixel, float* room)
        where TLanes : struct, ILanes<TLanes>
    {
        Back(sums, ofPlane, out TLanes a0, out TLanes b0);
        Back(sums + ofPlane, ofPlane, out TLanes a1, out TLanes b1);
        Back(sums + 2 * ofPlane, ofPlane, out TLanes a2, out TLanes b2);
        Back(sums + 3 * ofPlane, ofPlane, out TLanes a3, out TLanes b3);
        TLanes.Store(a0 + a1 + a2, pixels);
        TLanes.Store(a1 - a2 - a3, pixels + ofPixel);
        TLanes.Store(b0 + b1 + b2, pixels + 2 * ofPixel);
        TLanes.Store(b1 - b2 - b3, pixels + 3 * ofPixel);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rows<TLanes>(float* x, nint ofRow, out TLanes a, out TLanes b, out TLanes c, out TLanes d)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes first = TLanes.Load(x), second = TLanes.Load(x + ofRow), third = TLanes.Load(x + 2 * ofRow), fourth = TLanes.Load(x + 3 * ofRow);
        (a, b, c, d) = (first - third, second + third, third - second, second - fourth);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Columns<TTiles, TLanes>(TLanes first, TLanes second, TLanes third, TLanes fourth, float* to, nint ofPlane, int channel)
        where TTiles : struct, ITiles
        where TLanes : struct, ILanes<TLanes>
    {
        TTiles.Put(first - third, to, channel);
        TTiles.Put(second + third, to + ofPlane, channel);
        TTiles.Put(third - second, to + 2 * ofPlane, channel);
        TTiles.Put(second - fourth, to + 3 * ofPlane, channel);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Back<TLanes>(float* m, nint ofPlane, out TLanes a, out TLanes b)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes first = TLanes.Load(m), second = TLanes.Load(m + 4 * ofPlane), third = TLanes.Load(m + 8 * ofPlane), fourth = TLanes.Load(m + 12 * ofPlane);
        (a, b) = (first + second + third, second - third - fourth);
    }
}
