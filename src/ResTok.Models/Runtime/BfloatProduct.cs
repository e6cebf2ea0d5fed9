using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace ResTok.Models.Runtime;

/// <summary>
/// The innermost product of libtorch's own CPU kernels in bfloat16, <c>at::native::cpublas::brgemm</c>: oneDNN compiles one for each shape
/// and thread, which sums in float32. .NET has no instructions of bfloat16; this is them, in pieces that stay in cache.
/// </summary>
internal static unsafe class BfloatProduct
{
    private const string Name = "_ZN2at6native7cpublas6brgemmEllllllbPKN3c108BFloat16ES5_Pfb"; // as GCC and Clang write it: not on Windows, where it never ran

    /// <summary>With which oneDNN is told to use fewer instructions.</summary>
    private static readonly string[] Limits = ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"];

    private static readonly Lazy<bool> IsSound = new(IsRight); // compiles two products: only for those who compute in bfloat16

    private static delegate* unmanaged<long, long, long, long, long, long, byte, ushort*, ushort*, float*, byte, void> run;

    /// <summary>
    /// Whether this processor and this libtorch have it, and it computes right. Without oneDNN, or where oneDNN was told to use fewer
    /// instructions, a call would end the process. Processors with AMX are left to libtorch's own convolutions and products.
    /// </summary>
    public static bool IsKnown => run != null && IsSound.Value;

    /// <param name="libtorch">Handle of libtorch_cpu, whose kernels are chosen already.</param>
    public static void Find(nint libtorch)
    {
        if (!HasInstructions() || !TorchContext.UsesOneDnn(libtorch) || Limits.Any(name => Environment.GetEnvironmentVariable(name) is not (null or "")) || !NativeLibrary.TryGetExport(libtorch, Name, out nint product))
            return;
        run = (delegate* unmanaged<long, long, long, long, long, long, byte, ushort*, ushort*, float*, byte, void>)product;
    }

    /// <summary>left·right, or what is there plus that.</summary>
    /// <param name="rows">Of the left side.</param>
    /// <param name="columns">Of the right side: 16, 32, 48 or 64.</param>
    /// <param name="inner">What is summed over; even.</param>
    /// <param name="left">[rows, inner].</param>
    /// <param name="leftStride">From a row to the next; they may overlap.</param>
    /// <param name="right">[inner / 2, columns, 2].</param>
    /// <param name="sums">[rows, columns].</param>
    /// <param name="add">Whether to add to them.</param>
    public static void Run(int rows, int columns, int inner, ushort* left, nint leftStride, ushort* right, float* sums, bool add) =>
        run(rows, columns, inner, leftStride, columns, columns, add ? (byte)1 : (byte)0, left, right, sums, 1);

    private static bool HasInstructions() =>
        X86Base.IsSupported && Avx512F.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && X86Base.CpuId(7, 0) is var features
        && (features.Edx >> 24 & 1) == 0 && features.Eax >= 1 && (X86Base.CpuId(7, 1).Eax >> 5 & 1) == 1; // AMX-TILE, AVX512_BF16

    /// <summary>Of small integers, all exact; once added to.</summary>
    private static bool IsRight()
    {
        const int Rows = 5, Columns = 64, Inner = 34;
        ushort* left = stackalloc ushort[Rows * Inner], right = stackalloc ushort[Inner * Columns];
        float* sums = stackalloc float[Rows * Columns];
        for (int i = 0; i < Rows * Inner; i++)
            left[i] = Bits(Left(i / Inner, i % Inner));
        for (int i = 0; i < Inner; i++)
        {
            for (int column = 0; column < Columns; column++)
                right[(i / 2 * Columns + column) * 2 + i % 2] = Bits(Right(i, column));
        }
        Run(Rows, Columns, Inner, left, Inner, right, sums, false);
        Run(Rows, Columns, Inner, left, Inner, right, sums, true);
        for (int place = 0; place < Rows * Columns; place++)
        {
            float sum = 0;
            for (int i = 0; i < Inner; i++)
                sum += 2 * Left(place / Columns, i) * Right(i, place % Columns);
            if (sums[place] != sum)
                return false;
        }
        return true;

        static float Left(int row, int i) => (7 * row + 3 * i) % 11 - 5;
        static float Right(int i, int column) => (5 * i + 2 * column) % 13 - 6;
        static ushort Bits(float value) => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
    }
}
