using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// Packs 3×3 windows as squares of more numbers: A·w·Aᵀ, computed in float64. Of <see cref="WeightForm.SmallWinograd"/> and
/// <see cref="WeightForm.LargeWinograd"/> those are the planes, of <see cref="WeightForm.Doubled"/> the 2×2 taps of the first and of the second
/// pixel of a doubled one, in both directions.
/// </summary>
internal static unsafe class WindowWeights
{
    private const int Taps = 9, Columns = 8; // as many as a register has

    private static readonly Vector512<double>[] SmallWinograd = Of([1, 0.5, 0.5, 0], [0, 0.5, -0.5, 0], [0, 0.5, 0.5, 1]);
    private static readonly Vector512<double>[] LargeWinograd = OfPoints(Kernels.LargeWinograd.A, Kernels.LargeWinograd.B);

    // A doubled image repeats its pixels, so that two of three taps along an axis read the same one: of the first pixel these are the last
    // two, of the second the first two.
    private static readonly Vector512<double>[] Doubled = Of([1, 0, 1, 0], [0, 1, 1, 0], [0, 1, 0, 1]);

    /// <summary>Numbers of a side.</summary>
    public static int Side(WeightForm form) => form == WeightForm.LargeWinograd ? 6 : 4;

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
        int inWord = sizeof(float) / sizeof(T), side = Side(form);
        Vector512<double>[] a = form switch { WeightForm.SmallWinograd => SmallWinograd, WeightForm.LargeWinograd => LargeWinograd, _ => Doubled };
        float* numbers = stackalloc float[Columns * Columns];
        if (outputs < width || inputs % inWord != 0)
        {
            for (int number = 0; number < side * side; number++)
                new Span<float>(to + places[number], TTiles.Words(inputs) * width).Clear();
        }
        for (int input = 0; input < inputs; input++)
        {
            for (int output = 0; output < outputs; output++)
            {
                Transform(weight + ((long)(first + output) * inputs + input) * Taps, a[0], a[1], a[2], side, numbers);
                int place = (input / inWord * width + output) * inWord + input % inWord;
                for (int number = 0; number < side * side; number++)
                    TTiles.Put(numbers[number / side * Columns + number % side], to + places[number], place);
            }
        }
    }

    /// <summary>Of the points 0, ±a, ±b and ∞.</summary>
    private static Vector512<double>[] OfPoints(double a, double b)
    {
        double zero = a * a * b * b, ofA = 2 * a * a * (a * a - b * b), ofB = 2 * b * b * (b * b - a * a);
        return Of([1 / zero, 1 / ofA, 1 / ofA, 1 / ofB, 1 / ofB, 0], [0, a / ofA, -a / ofA, b / ofB, -b / ofB, 0], [0, a * a / ofA, a * a / ofA, b * b / ofB, b * b / ofB, 1]);
    }

    /// <summary>A by its columns, filled up with zeros.</summary>
    private static Vector512<double>[] Of(params double[][] columns) => [.. columns.Select(column => Vector512.Create([.. column, .. new double[Columns - column.Length]]))];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transform<T>(T* window, Vector512<double> a, Vector512<double> b, Vector512<double> c, int side, float* numbers)
        where T : unmanaged
    {
        Vector512<double> top = Row(window, a, b, c), middle = Row(window + 3, a, b, c), bottom = Row(window + 6, a, b, c);
        for (int row = 0; row < side; row += 2)
            Vector512.Narrow(top * a[row] + middle * b[row] + bottom * c[row], top * a[row + 1] + middle * b[row + 1] + bottom * c[row + 1]).Store(numbers + Columns * row);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Row<T>(T* taps, Vector512<double> a, Vector512<double> b, Vector512<double> c)
        where T : unmanaged => a * Number(taps[0]) + b * Number(taps[1]) + c * Number(taps[2]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Number<T>(T weight)
        where T : unmanaged => sizeof(T) == sizeof(float) ? Unsafe.BitCast<T, float>(weight) : BitConverter.UInt32BitsToSingle((uint)Unsafe.BitCast<T, ushort>(weight) << 16);
}
