using ResTok.Models.Layers.Kernels;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers;

/// <summary>
/// A square 2-D convolution. At stride 1 an odd kernel keeps the image's size; at stride = kernel size it cuts patches.
/// </summary>
internal sealed class Conv2d(ParameterScope scope, int inputs, int outputs, int kernel, bool hasBias, int stride = 1, Initializer? initializer = null)
{
    private readonly Parameter weight = scope.Parameter("weight", initializer ?? Initializer.Weight, outputs, inputs, kernel, kernel);
    private readonly Parameter? bias = hasBias ? scope.Parameter("bias", Initializer.Zeros, outputs) : null;
    private readonly long[] strides = [stride, stride];
    private readonly long[] padding = stride == 1 ? [kernel / 2, kernel / 2] : [0, 0];

    /// <param name="x">[B, inputs, H, W].</param>
    /// <param name="addend">Is added, and may be overwritten where no gradient is wanted; or null.</param>
    public Tensor Forward(Tensor x, Tensor? addend = null)
    {
        if (stride == 1 && kernel is (1 or 3) && OwnKernels.Suit(x, weight))
            return Forward(x, null, addend);
        using var scope = NewDisposeScope();
        Tensor y = nn.functional.conv2d(x.to(weight.dtype), weight, bias, strides, padding);
        return (addend is null ? y : y + addend).MoveToOuterDisposeScope();
    }

    /// <summary>Of the image with every pixel doubled in both directions.</summary>
    public Tensor ForwardDoubled(Tensor x)
    {
        if (OwnKernels.Suit(x, weight))
            return PackedConvolution.Apply(x, weight, bias, doubled: true);
        using Tensor large = nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest);
        return Forward(large);
    }

    /// <summary>By <see cref="PackedConvolution"/>, where <see cref="OwnKernels"/> suit.</summary>
    internal Tensor Forward(Tensor x, PackedConvolution.Preparation? preparation, Tensor? addend) => kernel == 1 && preparation is null
        ? PackedProduct.ApplyToPixels(x, weight, bias, addend)
        : PackedConvolution.Apply(x, weight, bias, preparation, addend);
}
