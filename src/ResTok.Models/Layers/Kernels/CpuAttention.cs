using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// Which attention to compute with. On a CPU without gradients the fused kernel multiplies bfloat16 no faster than float32, and plain
/// matrix products do: 4.2 ms against 5.8 ms for 384 tokens of 16 heads. Everywhere else the fused one is the fastest. What it gains:
/// <c>dotnet run --project tests/ResTok.Benchmarks -c Release -- choices</c>.
/// </summary>
internal static class CpuAttention
{
    /// <summary>Whether plain products are faster for these queries.</summary>
    public static bool PrefersProducts(Tensor query) =>
        query.dtype == ScalarType.BFloat16 && query.device_type == DeviceType.CPU && !is_grad_enabled() && query.shape[^2] > FewQueries;

    /// <summary>The generator's passes have no more, and keep the fused kernel; the tokenizer's segments have more.</summary>
    internal const long FewQueries = 64;
}
