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

    public Tensor Forward(Tensor x) => nn.functional.conv2d(x, weight, bias, strides, padding);
}
