using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers;

/// <summary>Group normalisation with the 32 groups and eps 1e-6 of the convolutional networks.</summary>
internal sealed class GroupNorm(ParameterScope scope, int channels)
{
    private readonly Parameter weight = scope.Parameter("weight", Initializer.Ones, channels);
    private readonly Parameter bias = scope.Parameter("bias", Initializer.Zeros, channels);

    public Tensor Forward(Tensor x) => nn.functional.group_norm(x, 32, weight, bias, 1e-6);
}
