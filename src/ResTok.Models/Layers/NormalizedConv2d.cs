using ResTok.Models.Layers.Kernels;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers;

/// <summary>A convolution of what group normalisation and SiLU make of its input: the step of the convolutional networks.</summary>
internal sealed class NormalizedConv2d(ParameterScope norm, ParameterScope convolution, int inputs, int outputs, int groups, int kernel, bool hasBias)
{
    private const double Epsilon = 1e-6;

    private readonly Parameter normWeight = norm.Parameter("weight", Initializer.Ones, inputs);
    private readonly Parameter normBias = norm.Parameter("bias", Initializer.Zeros, inputs);
    private readonly Conv2d convolution = new(convolution, inputs, outputs, kernel, hasBias);

    /// <param name="x">[B, inputs, H, W].</param>
    /// <param name="addend">Is added, and may be overwritten where no gradient is wanted; or null.</param>
    public Tensor Forward(Tensor x, Tensor? addend = null)
    {
        if (OwnKernels.Suit(x, normWeight))
            return convolution.Forward(x, new(normWeight, normBias, groups, Epsilon), addend);
        using var scope = NewDisposeScope();
        Tensor y = convolution.Forward(InPlace.Silu(nn.functional.group_norm(x, groups, normWeight, normBias, Epsilon)));
        return (addend is null ? y : InPlace.Add(y, addend)).MoveToOuterDisposeScope();
    }
}
