using ResTok.Benchmarks.Arithmetic;
using ResTok.Models;

namespace ResTok.Benchmarks.Measuring;

/// <summary>The least time that a call could take on this machine.</summary>
internal interface ICeiling
{
    /// <summary>Floating-point operations of the call.</summary>
    double Flops { get; }

    /// <summary>Measures it now, in seconds: just before the call itself, since machines have slow minutes.</summary>
    double Measure();
}

/// <summary>Of a network whose products are large: the time of its operations alone.</summary>
internal sealed class ArithmeticCeiling(IReadOnlyList<Work> works, BareTime bare) : ICeiling
{
    private readonly Dictionary<string, Samples> secondsOfKind = [];

    public double Flops => works.Sum(work => work.Count * work.Operation.Flops);

    public double Measure()
    {
        double sum = 0;
        foreach (IGrouping<string, Work> kind in works.GroupBy(work => work.Operation.Kind))
        {
            double seconds = kind.GroupBy(work => work.Operation).Sum(same => same.Sum(work => work.Count) * bare.Of(same.Key));
            if (!secondsOfKind.TryGetValue(kind.Key, out Samples? samples))
                secondsOfKind[kind.Key] = samples = new();
            samples.Add(seconds);
            sum += seconds;
        }
        return sum;
    }

    /// <summary>GFLOP/s of all operations of a kind alone.</summary>
    public double RateOf(string kind) =>
        works.Where(work => work.Operation.Kind == kind).Sum(work => work.Count * work.Operation.Flops) / secondsOfKind[kind].Median / 1e9;
}

/// <summary>Of a generator, whose products have few rows: to read the weights once a pass, and the arithmetic at the rate of a large product.</summary>
internal sealed class ReadingCeiling(GeneratorArithmetic arithmetic, GeneratorConfig config, BareTime bare, WeightReader reader) : ICeiling
{
    private readonly Samples reading = new();
    private readonly Samples computing = new();

    public double Flops => arithmetic.Flops;

    public double BytesPerPass => reader.Bytes;

    /// <summary>Seconds to read the weights once.</summary>
    public double ReadSeconds => reading.Median;

    /// <summary>Seconds to read the weights in all passes.</summary>
    public double AllReadSeconds => arithmetic.Passes * ReadSeconds;

    /// <summary>Seconds of the arithmetic.</summary>
    public double ArithmeticSeconds => computing.Median;

    public double Measure()
    {
        var product = new LinearOperation(1024, config.Width, config.FfnWidth);
        double read = reading.Time(reader.ReadOnce), computed = Flops / product.Flops * bare.Of(product);
        computing.Add(computed);
        return arithmetic.Passes * read + computed;
    }
}
