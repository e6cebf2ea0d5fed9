using ResTok.Benchmarks.Measuring;
using ResTok.Models;

namespace ResTok.Benchmarks.Commands;

/// <summary>One call to measure.</summary>
/// <param name="What">encode, decode or generate.</param>
/// <param name="Batch">Pictures in it.</param>
/// <param name="Precision">Of the model.</param>
/// <param name="Run">The call.</param>
/// <param name="Ceiling">The least that it could take.</param>
internal sealed record Subject(string What, int Batch, Precision Precision, Action Run, ICeiling Ceiling)
{
    public Samples Times { get; } = new();
}
