using ResTok.Models.Layers.Kernels;
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

    /// <param name="x">[…, width], of the weights' type or float32.</param>
    /// <returns>Of the weights' type.</returns>
    public Tensor Forward(Tensor x) => OwnKernels.Suit(x, weight) ? RowKernels.LayerNorm(x, weight, bias, epsilon)
        : x.dtype == weight.dtype ? nn.functional.layer_norm(x, shape, weight, bias, epsilon) : ForwardFloat32(x).to(weight.dtype);

    /// <param name="x">[…, width].</param>
    /// <returns>In float32, whatever the weights' type.</returns>
    public Tensor ForwardFloat32(Tensor x)
    {
        if (OwnKernels.Suit(x, weight))
            return RowKernels.LayerNorm(x, weight, bias, epsilon);
        using var scope = NewDisposeScope();
        return nn.functional.layer_norm(
            x.to(ScalarType.Float32), shape, weight.to(ScalarType.Float32), bias.to(ScalarType.Float32), epsilon).MoveToOuterDisposeScope();
    }
}
