using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers;

/// <summary>Group normalisation over [B, channels, H, W].</summary>
internal sealed class GroupNorm(ParameterScope scope, int channels, int groups, double epsilon = 1e-6)
{
    private readonly Parameter weight = scope.Parameter("weight", Initializer.Ones, channels);
    private readonly Parameter bias = scope.Parameter("bias", Initializer.Zeros, channels);

    public Tensor Forward(Tensor x) => nn.functional.group_norm(x, groups, weight, bias, epsilon);
}
