using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers;

/// <summary>y = x·Wᵀ + b over the last axis.</summary>
internal sealed class Linear(ParameterScope scope, int inputs, int outputs)
{
    private readonly Parameter weight = scope.Parameter("weight", Initializer.Weight, outputs, inputs);
    private readonly Parameter bias = scope.Parameter("bias", Initializer.Zeros, outputs);

    public Tensor Forward(Tensor x) => nn.functional.linear(x, weight, bias);
}
