using ResTok.Benchmarks.Measuring;
using ResTok.Models.Layers.Kernels;
using ResTok.Models.Runtime;

namespace ResTok.Benchmarks.Commands;

/// <summary>What the processor itself can do.</summary>
internal sealed class PeakCommand(BenchmarkSettings settings)
{
    public void Run()
    {
        var peak = new ProcessorPeak();
        for (int round = 0; round < settings.Rounds; round++)
            peak.Measure();
        ProcessorCaches caches = ProcessorCaches.Mended();
        var table = new MarkdownTable("float32 lanes", "threads", "multiply-add GFLOP/s", "reading GB/s", "caches of a core, KB");
        table.Add($"{Tiles.Width / 2}", $"{CpuThreads.Count}", $"{peak.Gigaflops:0}", $"{peak.ReadGigabytes:0.0}", $"{caches.Level1 >> 10} / {caches.Level2 >> 10} / {caches.Level3 >> 10}");
        table.Print();
        Console.WriteLine("Bare fused multiply-adds on registers, and sums of 256 MB; the best of all rounds. Cache sizes are what oneDNN is told where the processor hides them.");
    }
}
