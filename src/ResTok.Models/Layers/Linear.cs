using ResTok.Models.Layers.Kernels;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers;

/// <summary>y = x·Wᵀ, + b where it has one, over the last axis.</summary>
internal sealed class Linear(ParameterScope scope, int inputs, int outputs, bool hasBias = true, Initializer? initializer = null)
{
    private readonly Parameter weight = scope.Parameter("weight", initializer ?? Initializer.Weight, outputs, inputs);
    private readonly Parameter? bias = hasBias ? scope.Parameter("bias", Initializer.Zeros, outputs) : null;

    public Tensor Forward(Tensor x) => CpuLinear.Apply(x, weight, bias);
}
