using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers;

/// <summary>Layer normalisation over the last axis.</summary>
internal sealed class LayerNorm(ParameterScope scope, int width, double epsilon = 1e-5)
{
    private readonly long[] shape = [width];
    private readonly Parameter weight = scope.Parameter("weight", Initializer.Ones, width);
    private readonly Parameter bias = scope.Parameter("bias", Initializer.Zeros, width);

    public Tensor Forward(Tensor x) => nn.functional.layer_norm(x, shape, weight, bias, epsilon);
}
