using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Parameters;

/// <summary>Fresh parameters for training from scratch, the same for the same seed on every machine.</summary>
internal sealed class RandomParameters(long seed, WeightInitialization weights = WeightInitialization.Reference) : IParameterSource, IDisposable
{
    private const double SmallBranch = 0.3;

    private readonly torch.Generator generator = new((ulong)seed);

    public Tensor Get(string name, long[] shape, Initializer initializer) => initializer.Kind switch
    {
        InitializerKind.Weight => randn(shape, dtype: ScalarType.Float32, generator: generator).mul_(
            weights == WeightInitialization.FanIn ? Math.Pow(shape[1..].Aggregate(1L, (product, size) => product * size), -0.5) : initializer.Scale),
        InitializerKind.BranchScale => full(shape, weights == WeightInitialization.FanIn ? SmallBranch : initializer.Scale, dtype: ScalarType.Float32),
        InitializerKind.Normal => randn(shape, dtype: ScalarType.Float32, generator: generator).mul_(initializer.Scale),
        InitializerKind.Uniform => rand(shape, dtype: ScalarType.Float32, generator: generator).mul_(2).sub_(1).mul_(initializer.Scale),
        _ => full(shape, initializer.Scale, dtype: ScalarType.Float32),
    };

    public void Dispose() => generator.Dispose();
}
