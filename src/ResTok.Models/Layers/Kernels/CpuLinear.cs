using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers;

/// <summary>x·Wᵀ + b by the fastest of libtorch's kernels, which in float32 on a CPU is not always that of its <c>linear</c>.</summary>
internal static class Product
{
    private const long FewRows = 64; // up to here a product is bound by reading the weights
    private const long AwkwardRows = 6, PaddedRows = 16; // between these MKL takes longer than for the latter
    private const long ManyRows = 256; // from here bringing the weights into a convolution's own order costs less than it gains

    /// <param name="x">[…, inputs].</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs] or null.</param>
    /// <returns>[…, outputs].</returns>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias)
    {
        long rows = x.numel() / x.shape[^1];
        if (x.dtype != ScalarType.Float32 || x.device_type != DeviceType.CPU || is_grad_enabled())
            return nn.functional.linear(x, weight, bias);
        if (rows >= ManyRows)
            return Convolution(x, rows, weight, bias);
        return rows <= FewRows && bias is null ? Turned(x, rows, weight) : nn.functional.linear(x, weight, bias);
    }

    /// <summary>
    /// As a 1×1 convolution over the rows: products go to MKL, which uses only part of an AMD processor, convolutions to oneDNN.
    /// </summary>
    private static Tensor Convolution(Tensor x, long rows, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        Tensor pixels = x.reshape(1, rows, 1, x.shape[^1]).permute(0, 3, 1, 2); // [1, inputs, rows, 1], channels last
        Tensor y = nn.functional.conv2d(pixels, weight.unsqueeze(-1).unsqueeze(-1), bias);
        return y.permute(0, 2, 3, 1).reshape([.. x.shape[..^1], weight.shape[0]]).MoveToOuterDisposeScope();
    }

    /// <summary>With the weights on the left, which MKL then reads at up to three times the speed.</summary>
    private static Tensor Turned(Tensor x, long rows, Tensor weight)
    {
        using var scope = NewDisposeScope();
        Tensor flat = x.reshape(rows, x.shape[^1]);
        if (rows is >= AwkwardRows and < PaddedRows)
            flat = nn.functional.pad(flat, [0, 0, 0, PaddedRows - rows]);
        Tensor y = weight.mm(flat.t()).narrow(1, 0, rows).t().contiguous();
        return y.view([.. x.shape[..^1], weight.shape[0]]).MoveToOuterDisposeScope();
    }
}
