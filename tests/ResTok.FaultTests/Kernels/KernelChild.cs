using System.Diagnostics;
using TorchSharp;

namespace ResTok.FaultTests.Kernels;

/// <summary>Judges kernels in a process of its own under one condition, and says on its output where it is.</summary>
internal static class KernelChild
{
    public const string At = "AT ", Wrong = "WRONG ", Unable = "UNABLE";

    /// <param name="condition">Number of the condition.</param>
    /// <param name="start">The first place of the order to judge.</param>
    /// <param name="seconds">Time to spend.</param>
    /// <param name="full">Whether to judge all, whatever the time.</param>
    /// <param name="seed">Of order and numbers.</param>
    public static int Run(int condition, int start, double seconds, bool full, int seed)
    {
        long begun = Stopwatch.GetTimestamp();
        if (!KernelCondition.All[condition].Enter())
        {
            Console.WriteLine(Unable);
            return 0;
        }
        // The known ones at each number of threads, the others at one, which the seed decides.
        int[] threads = [.. new[] { 1, 2, Math.Max(8, Environment.ProcessorCount) }.Distinct()];
        List<KernelCase> cases = KernelCases.All();
        int[] order = [.. Order(cases.Count, seed).SelectMany(i => i < KernelCases.KnownCount ? Enumerable.Range(0, threads.Length).Select(t => i * threads.Length + t) : [i * threads.Length + (i + seed) % threads.Length])];
        int known = order.Count(item => item / threads.Length < KernelCases.KnownCount); // these always
        for (int place = start; place < order.Length && (full || place < known || Stopwatch.GetElapsedTime(begun).TotalSeconds < seconds); place++)
        {
            KernelCase kernel = cases[order[place] / threads.Length];
            int thread = threads[order[place] % threads.Length];
            string name = $"{kernel.Name}, {kernel.Type}, {thread} threads";
            Console.WriteLine($"{At}{place} {name}");
            torch.set_num_threads(thread);
            if (kernel.Judge(seed + order[place]) is { } wrong)
                Console.WriteLine($"{Wrong}{name}: {wrong}");
        }
        return 0;
    }

    private static IEnumerable<int> Order(int count, int seed)
    {
        int[] rest = [.. Enumerable.Range(KernelCases.KnownCount, count - KernelCases.KnownCount)];
        new Random(seed).Shuffle(rest);
        return Enumerable.Range(0, KernelCases.KnownCount).Concat(rest);
    }
}
