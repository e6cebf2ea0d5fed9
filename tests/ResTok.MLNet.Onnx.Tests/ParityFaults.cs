using System.Globalization;
using TorchSharp;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace ResTok.MLNet.Onnx.Tests;

/// <summary>Compares with the reference's outputs, and gathers what is outside its tolerance.</summary>
internal sealed class ParityFaults(ITestOutputHelper output)
{
    /// <summary>Writing and loading the large models' 4 GB takes minutes: where the environment variable RESTOK_SLOW_TESTS is 1.</summary>
    public static bool IsWanted(string set) => set != "large" || Environment.GetEnvironmentVariable("RESTOK_SLOW_TESTS") == "1";

    private readonly List<string> faults = [];

    public void Compare(string name, Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        double error = (expected - actual).abs().max().to(ScalarType.Float64).item<double>();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: largest difference {error:g3} (allowed {tolerance:g1})"));
        if (!(error <= tolerance))
            faults.Add($"{name}: {error:g3} > {tolerance:g1}");
    }

    /// <summary>Tokens must be equal where the reference's choice is decided.</summary>
    public void CompareTokens(string name, Tensor expected, Tensor actual, Tensor decided)
    {
        long differing = (expected != actual).logical_and(decided).sum().item<long>();
        output.WriteLine($"{name}: {differing} differ of {decided.sum().item<long>()} decided, {decided.numel()} in all");
        if (differing > 0)
            faults.Add($"{name}: {differing} decided tokens differ");
    }

    public void ThrowIfAny() => Assert.Empty(faults);
}
