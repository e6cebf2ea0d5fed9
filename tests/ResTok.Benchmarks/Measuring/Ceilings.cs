using ResTok.Benchmarks.Arithmetic;
using ResTok.Models;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Measuring;

/// <summary>The least time that a call could take on this machine, from what was measured beside it.</summary>
internal interface ICeiling
{
    /// <summary>Floating-point operations of the call.</summary>
    double Flops { get; }

    double Seconds { get; }
}

/// <summary>Of a network whose products are large: the time of its operations alone.</summary>
internal sealed record ArithmeticCeiling(IReadOnlyList<Work> Works, BareOperations Bare) : ICeiling
{
    public double Flops => Works.Sum(work => work.Count * work.Operation.Flops);

    public double Seconds => Bare.SecondsOf(Works);
}

/// <summary>Of a generator, whose products have few rows: to read the weights once a pass, and the arithmetic at the rate of large products.</summary>
internal sealed class ReadingCeiling : ICeiling
{
    private readonly GeneratorArithmetic arithmetic;
    private readonly BareOperations bare;
    private readonly Work[] largeProduct;
    private readonly Samples reading;

    /// <param name="arithmetic">What is computed.</param>
    /// <param name="config">Of the generator.</param>
    /// <param name="bare">Gives the rate of large products in its next rounds.</param>
    /// <param name="reading">Seconds to read the weights once.</param>
    public ReadingCeiling(GeneratorArithmetic arithmetic, GeneratorConfig config, BareOperations bare, Samples reading)
    {
        this.arithmetic = arithmetic;
        this.bare = bare;
        this.reading = reading;
        largeProduct = [new("generator", new LinearOperation(1024, config.Width, config.FfnWidth))];
        bare.Want(largeProduct);
    }

    public double Flops => arithmetic.Flops;

    public double ReadingSeconds => arithmetic.Passes * reading.Median;

    public double ArithmeticSeconds => Flops / (largeProduct[0].Operation.Flops / bare.SecondsOf(largeProduct));

    public double Seconds => ReadingSeconds + ArithmeticSeconds;
}
