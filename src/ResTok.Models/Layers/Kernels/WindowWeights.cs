using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// Packs 3×3 windows as 4×4 numbers: A·w·Aᵀ, computed in float64. Of <see cref="WeightForm.Winograd"/> those are the 16 planes, of
/// <see cref="WeightForm.Doubled"/> the 2×2 taps of the first and of the second pixel of a doubled one, in both directions.
/// </summary>
internal static unsafe class WindowWeights
{
    /// <summary>Numbers of a window.</summary>
    public const int Count = 16;

    private const int Taps = 9;

    // Columns of A. A doubled image repeats its pixels, so that two of three taps along an axis read the same one: of the first pixel
    // these are the last two, of the second the first two.
    private static readonly Vector256<double>[] Winograd = [Vector256.Create(1, 0.5, 0.5, 0), Vector256.Create(0, 0.5, -0.5, 0), Vector256.Create(0, 0.5, 0.5, 1)];
    private static readonly Vector256<double>[] Doubled = [Vector256.Create(1.0, 0, 1, 0), Vector256.Create(0, 1.0, 1, 0), Vector256.Create(0, 1.0, 0, 1)];

    /// <summary>Packs a panel.</summary>
    /// <param name="weight">[all outputs, inputs, 3, 3], float32 or bfloat16.</param>
    /// <param name="form">What of its windows.</param>
    /// <param name="first">The panel's first output.</param>
    /// <param name="inputs">Of an output.</param>
    /// <param name="outputs">Of the panel.</param>
    /// <param name="width">What the panel has room for.</param>
    /// <param name="to">[words, width] for each number of a window.</param>
    /// <param name="places">Where in <paramref name="to"/> each begins.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackPanel<TTiles, T>(T* weight, WeightForm form, int first, int inputs, int outputs, int width, float* to, long* places)
        where TTiles : struct, ITiles
        where T : unmanaged
    {
        int inWord = sizeof(float) / sizeof(T);
        Vector256<double>[] a = form == WeightForm.Winograd ? Winograd : Doubled;
        float* numbers = stackalloc float[Count];
        if (outputs < width || inputs % inWord != 0)
        {
            for (int number = 0; number < Count; number++)
                new Span<float>(to + places[number], TTiles.Words(inputs) * width).Clear();
        }
        for (int input = 0; input < inputs; input++)
        {
            for (int output = 0; output < outputs; output++)
            {
                Transform(weight + ((long)(first + output) * inputs + input) * Taps, a[0], a[1], a[2], numbers);
                int place = (input / inWord * width + output) * inWord + input % inWord;
                for (int number = 0; number < Count; number++)
                    TTiles.Put(numbers[number], to + places[number], place);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transform<T>(T* window, Vector256<double> a, Vector256<double> b, Vector256<double> c, float* numbers)
        where T : unmanaged
    {
        Vector256<double> top = Row(window, a, b, c), middle = Row(window + 3, a, b, c), bottom = Row(window + 6, a, b, c);
        for (int row = 0; row < 4; row += 2)
            Vector256.Narrow(top * a[row] + middle * b[row] + bottom * c[row], top * a[row + 1] + middle * b[row + 1] + bottom * c[row + 1]).Store(numbers + 4 * row);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Row<T>(T* taps, Vector256<double> a, Vector256<double> b, Vector256<double> c)
        where T : unmanaged => a * Number(taps[0]) + b * Number(taps[1]) + c * Number(taps[2]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Number<T>(T weight)
        where T : unmanaged => sizeof(T) == sizeof(float) ? Unsafe.BitCast<T, float>(weight) : BitConverter.UInt32BitsToSingle((uint)Unsafe.BitCast<T, ushort>(weight) << 16);
}
