using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ResTok.Models.Layers.Kernels;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Measuring;

/// <summary>What the processor itself can do, in as many threads as libtorch uses: the ceiling of all kernels, whoever wrote them.</summary>
internal sealed unsafe class ProcessorPeak
{
    private const long Bytes = 256 << 20; // more than a cache holds
    private const int Steps = 4_000_000;

    private readonly Samples arithmetic = new(), reading = new();
    private long sink;
    private float result;

    /// <summary>GFLOP/s of fused multiply-adds on registers, float32: the best of what was measured.</summary>
    public double Gigaflops => arithmetic.Greatest;

    /// <summary>GB/s of reading memory: the best of what was measured.</summary>
    public double ReadGigabytes => reading.Greatest;

    /// <summary>Measures both once more.</summary>
    public void Measure()
    {
        int threads = get_num_threads();
        arithmetic.Add(Rate(threads, _ => result = MultiplyAdd(), threads * 2.0 * Steps * 12 * (Tiles.Width / 2) / 1e9));
        void* memory = NativeMemory.AlignedAlloc((nuint)Bytes, 4096);
        try
        {
            new Span<byte>(memory, (int)Bytes).Fill(1);
            reading.Add(Rate(threads, part => Interlocked.Add(ref sink, WeightReader.Sum((nint)memory + part * (nint)(Bytes / threads), (int)(Bytes / threads))), Bytes / 1e9));
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    private static double Rate(int threads, Action<int> run, double work)
    {
        double best = 0;
        for (int repeat = 0; repeat < 4; repeat++)
        {
            long start = Stopwatch.GetTimestamp();
            CpuThreads.Run(threads, run);
            best = Math.Max(best, work / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }

    /// <summary>Twelve chains of multiply-adds, more than two units with a latency of four cycles need.</summary>
    private static float MultiplyAdd() => Vector512.IsHardwareAccelerated ? MultiplyAdd512() : Vector256.IsHardwareAccelerated ? MultiplyAdd256() : MultiplyAdd128();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float MultiplyAdd512()
    {
        Vector512<float> x = Vector512.Create(0.999f), y = Vector512.Create(0.001f), a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
        for (int step = 0; step < Steps; step++)
        {
            a = Vector512.MultiplyAddEstimate(a, x, y); b = Vector512.MultiplyAddEstimate(b, x, y); c = Vector512.MultiplyAddEstimate(c, x, y); d = Vector512.MultiplyAddEstimate(d, x, y);
            e = Vector512.MultiplyAddEstimate(e, x, y); f = Vector512.MultiplyAddEstimate(f, x, y); g = Vector512.MultiplyAddEstimate(g, x, y); h = Vector512.MultiplyAddEstimate(h, x, y);
            i = Vector512.MultiplyAddEstimate(i, x, y); j = Vector512.MultiplyAddEstimate(j, x, y); k = Vector512.MultiplyAddEstimate(k, x, y); l = Vector512.MultiplyAddEstimate(l, x, y);
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float MultiplyAdd256()
    {
        Vector256<float> x = Vector256.Create(0.999f), y = Vector256.Create(0.001f), a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
        for (int step = 0; step < Steps; step++)
        {
            a = Vector256.MultiplyAddEstimate(a, x, y); b = Vector256.MultiplyAddEstimate(b, x, y); c = Vector256.MultiplyAddEstimate(c, x, y); d = Vector256.MultiplyAddEstimate(d, x, y);
            e = Vector256.MultiplyAddEstimate(e, x, y); f = Vector256.MultiplyAddEstimate(f, x, y); g = Vector256.MultiplyAddEstimate(g, x, y); h = Vector256.MultiplyAddEstimate(h, x, y);
            i = Vector256.MultiplyAddEstimate(i, x, y); j = Vector256.MultiplyAddEstimate(j, x, y); k = Vector256.MultiplyAddEstimate(k, x, y); l = Vector256.MultiplyAddEstimate(l, x, y);
        }
        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float MultiplyAdd128()
    {
        Vector128<float> x = Vector128.Create(0.999f), y = Vector128.Create(0.001f), a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
        for (int step = 0; step < Steps; step++)
        {
            a = Vector128.MultiplyAddEstimate(a, x, y); b = Vector128.MultiplyAddEstimate(b, x, y); c = Vector128.MultiplyAddEstimate(c, x, y); d = Vector128.MultiplyAddEstimate(d, x, y);
            e = Vector128.MultiplyAddEstimate(e, x, y); f = Vector128.MultiplyAddEstimate(f, x, y); g = Vector128.MultiplyAddEstimate(g, x, y); h = Vector128.MultiplyAddEstimate(h, x, y);
            i = Vector128.MultiplyAddEstimate(i, x, y); j = Vector128.MultiplyAddEstimate(j, x, y); k = Vector128.MultiplyAddEstimate(k, x, y); l = Vector128.MultiplyAddEstimate(l, x, y);
        }
        return Vector128.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}
