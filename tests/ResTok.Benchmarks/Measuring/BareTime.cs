using System.Diagnostics;
using ResTok.Benchmarks.Arithmetic;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Measuring;

/// <summary>The machine's own ceiling: what libtorch needs for an operation alone, by the fastest of its plain ways.</summary>
internal sealed class BareTime(ScalarType dataType)
{
    /// <summary>Short calls are repeated for so long; calls of ten times that are measured as they come.</summary>
    private const double Moment = 0.05;

    /// <summary>A way that took so many times as long as the fastest is not tried again.</summary>
    private const double Hopeless = 1.15;

    private readonly Dictionary<Operation, int[]> hopeful = [];

    /// <summary>Seconds of one call, now; where a mask hides part of the result, of the part that is needed.</summary>
    public double Of(Operation operation)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Func<Tensor>[] ways = operation.Ways(dataType);
        int[] tried = hopeful.GetValueOrDefault(operation) ?? [.. Enumerable.Range(0, ways.Length)];
        double[] times = [.. tried.Select(way => TimeOf(ways[way]))];
        double least = times.Min();
        hopeful.TryAdd(operation, [.. tried.Where((_, i) => times[i] <= Hopeless * least)]);
        return least * operation.Flops / operation.BareFlops;
    }

    private static double TimeOf(Func<Tensor> call)
    {
        double first = Run(1);
        return first > 10 * Moment ? first : Run(Math.Clamp((int)(Moment / first), 1, 100));

        double Run(int count)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < count; i++)
                call().Dispose();
            return Stopwatch.GetElapsedTime(start).TotalSeconds / count;
        }
    }
}
