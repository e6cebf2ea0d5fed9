using System.Diagnostics;

namespace ResTok.Benchmarks.Measuring;

/// <summary>Repeated measurements of one thing.</summary>
internal sealed class Samples
{
    private readonly List<double> values = [];

    public void Add(double value) => values.Add(value);

    public double Median => Of([.. values.Order()]);

    public double Greatest => values.Max();

    /// <summary>Half the distance from the least to the greatest, as a share of the median.</summary>
    public double Spread => (values.Max() - values.Min()) / 2 / Median;

    /// <summary>Measures the seconds of a call.</summary>
    public double Time(Action call)
    {
        long start = Stopwatch.GetTimestamp();
        call();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Add(seconds);
        return seconds;
    }

    /// <summary>The median over rounds of how many times as large this was in a round as another: what slows a whole round cancels.</summary>
    public double Over(Samples other) => Of([.. values.Zip(other.values, (mine, others) => mine / others).Order()]);

    private static double Of(double[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
}
