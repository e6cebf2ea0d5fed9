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
    private static float MultiplyAdd() =>
        Vector512.IsHardwareAccelerated ? MultiplyAdd<Lanes512>() : Vector256.IsHardwareAccelerated ? MultiplyAdd<Lanes256>() : MultiplyAdd<Lanes128>();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float MultiplyAdd<TLanes>()
        where TLanes : struct, ILanes<TLanes, float>
    {
        TLanes x = TLanes.Broadcast(0.999f), y = TLanes.Broadcast(0.001f), one = TLanes.Broadcast(1), a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
        for (int step = 0; step < Steps; step++)
        {
            a = TLanes.MultiplyAdd(a, x, y); b = TLanes.MultiplyAdd(b, x, y); c = TLanes.MultiplyAdd(c, x, y); d = TLanes.MultiplyAdd(d, x, y);
            e = TLanes.MultiplyAdd(e, x, y); f = TLanes.MultiplyAdd(f, x, y); g = TLanes.MultiplyAdd(g, x, y); h = TLanes.MultiplyAdd(h, x, y);
            i = TLanes.MultiplyAdd(i, x, y); j = TLanes.MultiplyAdd(j, x, y); k = TLanes.MultiplyAdd(k, x, y); l = TLanes.MultiplyAdd(l, x, y);
        }
        TLanes sum = Sum(Sum(Sum(a, b), Sum(c, d)), Sum(Sum(Sum(e, f), Sum(g, h)), Sum(Sum(i, j), Sum(k, l))));
        float* values = stackalloc float[TLanes.Count];
        TLanes.Store(sum, values);
        return new ReadOnlySpan<float>(values, TLanes.Count).ToArray().Sum();

        TLanes Sum(TLanes left, TLanes right) => TLanes.MultiplyAdd(left, one, right);
    }
}
