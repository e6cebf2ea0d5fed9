using System.Runtime.CompilerServices;

namespace ResTok.Models.Layers.Kernels;

/// <summary>The functions that networks apply element by element. NaN stays NaN.</summary>
internal static class VectorMath
{
    private const float Largest = 88.37626f, Least = -87.33654f; // between them e^x is a normal number
    private const float Rounding = 12582912f; // 1.5 · 2²³: added, it leaves a number's nearest integer in the low bits

    /// <summary>e^x within 2 ulp; what would be smaller than a normal number is the least of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Exp<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        x = TLanes.Max(Of<TLanes>(Least), TLanes.Min(Of<TLanes>(Largest), x)); // of a NaN and a number these give the second
        TLanes rounded = TLanes.MultiplyAdd(x, Of<TLanes>(1.44269504f), Of<TLanes>(Rounding)), n = rounded - Of<TLanes>(Rounding);
        TLanes r = TLanes.MultiplyAdd(n, Of<TLanes>(2.12194440e-4f), TLanes.MultiplyAdd(n, Of<TLanes>(-0.693359375f), x));
        // Cephes' expf.
        TLanes p = TLanes.MultiplyAdd(Of<TLanes>(1.9875691500e-4f), r, Of<TLanes>(1.3981999507e-3f));
        p = TLanes.MultiplyAdd(p, r, Of<TLanes>(8.3334519073e-3f));
        p = TLanes.MultiplyAdd(p, r, Of<TLanes>(4.1665795894e-2f));
        p = TLanes.MultiplyAdd(p, r, Of<TLanes>(1.6666665459e-1f));
        p = TLanes.MultiplyAdd(p, r, Of<TLanes>(5.0000001201e-1f));
        return (TLanes.MultiplyAdd(p, r * r, r) + Of<TLanes>(1)) * TLanes.PowerOfTwo(rounded);
    }

    /// <summary>x · sigmoid(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Silu<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes> => x / (Of<TLanes>(1) + Exp(Of<TLanes>(0) - x));

    /// <summary>x · Φ(x), by Abramowitz and Stegun 7.1.26: Φ within 8e-8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Gelu<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes minus = Of<TLanes>(0) - x, z = TLanes.WhereNegative(x, minus, x) * Of<TLanes>(0.70710678f), t = Of<TLanes>(1) / TLanes.MultiplyAdd(z, Of<TLanes>(0.3275911f), Of<TLanes>(1));
        TLanes p = TLanes.MultiplyAdd(Of<TLanes>(1.061405429f), t, Of<TLanes>(-1.453152027f));
        p = TLanes.MultiplyAdd(p, t, Of<TLanes>(1.421413741f));
        p = TLanes.MultiplyAdd(p, t, Of<TLanes>(-0.284496736f));
        p = TLanes.MultiplyAdd(p, t, Of<TLanes>(0.254829592f));
        TLanes tail = Of<TLanes>(0.5f) * p * t * Exp(Of<TLanes>(0) - z * z); // Φ(−|x|)
        return x * TLanes.WhereNegative(x, tail, Of<TLanes>(1) - tail);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Of<TLanes>(float value)
        where TLanes : struct, ILanes<TLanes> => TLanes.Broadcast(value);
}
