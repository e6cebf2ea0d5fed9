using System.Numerics;
using System.Runtime.CompilerServices;

namespace ResTok.Models.Layers.Kernels;

/// <summary>The functions that networks apply element by element. NaN stays NaN.</summary>
internal static class VectorMath
{
    private const float Largest = 88.37626f, Least = -87.33654f; // between them e^x is a normal number
    private const float Rounding = 12582912f; // 1.5 · 2²³: added, it leaves a number's nearest integer in the low bits

    /// <summary>e^x within 2 ulp; what would be smaller than a normal number is the least of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Exp(Vector<float> x)
    {
        x = Vector.MinNative(new Vector<float>(Largest), x); // of a NaN and a number these give the second
        x = Vector.MaxNative(new Vector<float>(Least), x);
        Vector<float> shifted = Vector.MultiplyAddEstimate(x, new Vector<float>(1.44269504f), new Vector<float>(Rounding)), n = shifted - new Vector<float>(Rounding);
        Vector<float> r = Vector.MultiplyAddEstimate(n, new Vector<float>(-0.693359375f), x);
        r = Vector.MultiplyAddEstimate(n, new Vector<float>(2.12194440e-4f), r);
        // Cephes' expf.
        var p = new Vector<float>(1.9875691500e-4f);
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(1.3981999507e-3f));
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(8.3334519073e-3f));
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(4.1665795894e-2f));
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(1.6666665459e-1f));
        p = Vector.MultiplyAddEstimate(p, r, new Vector<float>(5.0000001201e-1f));
        p = Vector.MultiplyAddEstimate(p, r * r, r) + Vector<float>.One;
        return p * Vector.AsVectorSingle(Vector.ShiftLeft(Vector.AsVectorInt32(shifted), 23) + new Vector<int>(127 << 23));
    }

    /// <summary>x · sigmoid(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Silu(Vector<float> x) => x / (Vector<float>.One + Exp(-x));

    /// <summary>x · Φ(x), by Abramowitz and Stegun 7.1.26: Φ within 8e-8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Gelu(Vector<float> x)
    {
        Vector<float> z = Vector.Abs(x) * new Vector<float>(0.70710678f), t = Vector<float>.One / Vector.MultiplyAddEstimate(z, new Vector<float>(0.3275911f), Vector<float>.One);
        var p = new Vector<float>(1.061405429f);
        p = Vector.MultiplyAddEstimate(p, t, new Vector<float>(-1.453152027f));
        p = Vector.MultiplyAddEstimate(p, t, new Vector<float>(1.421413741f));
        p = Vector.MultiplyAddEstimate(p, t, new Vector<float>(-0.284496736f));
        p = Vector.MultiplyAddEstimate(p, t, new Vector<float>(0.254829592f));
        Vector<float> tail = new Vector<float>(0.5f) * p * t * Exp(-z * z); // Φ(−|x|)
        return x * Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), tail, Vector<float>.One - tail);
    }
}
