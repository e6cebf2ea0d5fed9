using ResTok.Models.Parameters;
using static TorchSharp.torch;

namespace ResTok.Models.Training.Losses;

/// <summary>The parameters of an LPIPS network, which lie in two files: the features and the heads <c>lin0</c>, <c>lin1</c> and so on.</summary>
internal sealed class FeaturesAndHeads(IParameterSource features, IParameterSource heads) : IParameterSource
{
    public Tensor Get(string name, long[] shape, Initializer initializer) =>
        (name.StartsWith("lin", StringComparison.Ordinal) ? heads : features).Get(name, shape, initializer);
}
