using ResTok.Models.Layers.Kernels;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers;

/// <summary>Root-mean-square normalisation over the last axis, computed in float32.</summary>
internal sealed class RmsNorm(ParameterScope scope, int width, double epsilon)
{
    private readonly Parameter weight = scope.Parameter("weight", Initializer.Ones, width);

    public Tensor Forward(Tensor x)
    {
        if (OwnKernels.Suit(x, weight))
            return RowKernels.RmsNorm(x, weight, epsilon);
        using var outer = NewDisposeScope();
        Tensor wide = x.to(ScalarType.Float32);
        Tensor scale = (wide * wide).mean([-1], keepdim: true).add_(epsilon).rsqrt_();
        return ((wide * scale).to(x.dtype) * weight).MoveToOuterDisposeScope();
    }
}
