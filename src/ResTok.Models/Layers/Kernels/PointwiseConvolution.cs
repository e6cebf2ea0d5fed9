using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// x·Wᵀ + b of many rows as a 1×1 convolution over them: products go to MKL, which uses only part of an AMD processor, convolutions to
/// oneDNN. The transformers' products are such.
/// </summary>
internal static class PointwiseConvolution
{
    /// <param name="x">[…, inputs], float32 on the CPU.</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs] or null.</param>
    /// <returns>[…, outputs].</returns>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        Tensor pixels = x.reshape(1, -1, 1, x.shape[^1]).permute(0, 3, 1, 2); // [1, inputs, rows, 1], channels last
        Tensor y = nn.functional.conv2d(pixels, weight.unsqueeze(-1).unsqueeze(-1), bias);
        return y.permute(0, 2, 3, 1).reshape([.. x.shape[..^1], weight.shape[0]]).MoveToOuterDisposeScope();
    }
}
