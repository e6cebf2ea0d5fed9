using System.Diagnostics;
using ResTok.Benchmarks.Arithmetic;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Measuring;

/// <summary>The machine's own ceiling: what libtorch needs for the operations of a network alone, one after the other.</summary>
internal sealed class BareOperations(ScalarType dataType)
{
    /// <summary>Short calls are repeated for so long; calls of ten times that are measured as they come.</summary>
    private const double Seconds = 0.05;

    /// <summary>A way that took so much longer than the fastest in the first round is not tried again.</summary>
    private const double Hopeless = 1.15;

    private readonly Dictionary<Operation, Samples[]> times = []; // of each way

    /// <summary>Adds what a network needs to the next rounds.</summary>
    public void Want(IEnumerable<Work> works)
    {
        foreach (Work work in works)
            times.TryAdd(work.Operation, []);
    }

    /// <summary>Measures every operation once, or short ones for a moment.</summary>
    public void RunRound()
    {
        foreach (Operation operation in times.Keys.ToArray())
        {
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            Func<Tensor>[] ways = operation.Ways(dataType);
            bool isFirst = times[operation].Length == 0;
            if (isFirst)
                times[operation] = [.. ways.Select(_ => new Samples())];
            double limit = isFirst ? double.PositiveInfinity : Hopeless * times[operation].Min(samples => samples.Median);
            for (int i = 0; i < ways.Length; i++)
            {
                if (isFirst || times[operation][i].Median <= limit)
                    times[operation][i].Add(TimeOf(ways[i]));
            }
        }
    }

    /// <summary>The time of so many operations.</summary>
    public double SecondsOf(IEnumerable<Work> works) => works.Sum(work => work.Count * SecondsOf(work.Operation));

    private double SecondsOf(Operation operation) => times[operation].Min(samples => samples.Median) * operation.Flops / operation.BareFlops;

    private static double TimeOf(Func<Tensor> call)
    {
        double first = Run(1);
        return first > 10 * Seconds ? first : Run(Math.Clamp((int)(Seconds / first), 1, 100));

        double Run(int count)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < count; i++)
                call().Dispose();
            return Stopwatch.GetElapsedTime(start).TotalSeconds / count;
        }
    }
}
