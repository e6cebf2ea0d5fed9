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

    /// <param name="x">[…, inputs].</param>
    /// <param name="activation">Of the result.</param>
    /// <param name="factor">Multiplies that, […, outputs], or null.</param>
    /// <returns>[…, outputs].</returns>
    public Tensor Forward(Tensor x, Activation activation = Activation.None, Tensor? factor = null) => CpuLinear.Apply(x, weight, bias, activation, factor);

    /// <summary>Adds the layer's result, scaled where there is a scale, to a residual stream.</summary>
    /// <param name="x">[…, inputs].</param>
    /// <param name="stream">[…, outputs], of the weights' type or a wider one, which the result then has.</param>
    /// <param name="scale">[outputs] or null.</param>
    /// <returns>[…, outputs].</returns>
    public Tensor ForwardAdd(Tensor x, Tensor stream, Tensor? scale = null) => CpuLinear.Apply(x, weight, bias, scale: scale, addend: stream);
}
