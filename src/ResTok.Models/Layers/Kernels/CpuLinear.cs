using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// x·Wᵀ + b by the fastest of libtorch's kernels. In float32 on a CPU without gradients that is not always its <c>linear</c>, whose
/// products go to MKL.
/// </summary>
/// <remarks>
/// | rows | kernel | because |
/// | --- | --- | --- |
/// | 1 to 64, no bias | <see cref="TransposedMatmul"/> | the product is bound by reading the weights, which MKL then does faster |
/// | 65 to 255 | <c>linear</c> | neither of the others gains |
/// | 256 and more | <see cref="PointwiseConvolution"/> | oneDNN uses an AMD processor whole, and reordering the weights costs less than that gains |
///
/// What each gains: <c>dotnet run --project tests/ResTok.Benchmarks -c Release -- choices</c>.
/// </remarks>
internal static class CpuLinear
{
    internal const long FewRows = 64, ManyRows = 256;

    /// <param name="x">[…, inputs].</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs] or null.</param>
    /// <returns>[…, outputs].</returns>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor? bias)
    {
        long rows = x.numel() / x.shape[^1];
        if (x.dtype != ScalarType.Float32 || x.device_type != DeviceType.CPU || is_grad_enabled())
            return nn.functional.linear(x, weight, bias);
        if (rows >= ManyRows)
            return PointwiseConvolution.Apply(x, weight, bias);
        return rows <= FewRows && bias is null ? TransposedMatmul.Apply(x, weight) : nn.functional.linear(x, weight, bias);
    }
}
