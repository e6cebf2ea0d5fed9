using ResTok.Benchmarks.Measuring;
using ResTok.Models;

namespace ResTok.Benchmarks.Commands;

/// <summary>One call to measure.</summary>
/// <param name="What">Its name.</param>
/// <param name="Batch">Images in it.</param>
/// <param name="Precision">Of the model.</param>
/// <param name="Run">The call.</param>
/// <param name="Ceiling">The least that it could take; null where it has next to no arithmetic.</param>
internal sealed record Subject(string What, int Batch, Precision Precision, Action Run, ICeiling? Ceiling)
{
    private readonly Samples ceilings = new();

    public Samples Times { get; } = new();

    public double SecondsPerImage => Times.Median / Batch;

    public double GigaflopPerImage => Ceiling!.Flops / Batch / 1e9;

    /// <summary>GFLOP/s of the call.</summary>
    public double Rate => Ceiling!.Flops / Times.Median / 1e9;

    /// <summary>GFLOP/s at the ceiling.</summary>
    public double CeilingRate => Ceiling!.Flops / ceilings.Median / 1e9;

    /// <summary>Ceiling over time, of the median round.</summary>
    public double OfCeiling => ceilings.Over(Times);

    public void RunRound()
    {
        if (Ceiling is not null)
            ceilings.Add(Ceiling.Measure());
        Times.Time(Run);
    }
}
