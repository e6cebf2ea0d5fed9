using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// Functions that overwrite their first argument unless gradients are wanted: fresh memory for a large activation costs more than
/// filling it. What it gains: <c>dotnet run --project tests/ResTok.Benchmarks -c Release -- choices</c>.
/// </summary>
internal static class InPlace
{
    public static Tensor Silu(Tensor x) => nn.functional.silu(x, inplace: !is_grad_enabled());

    public static Tensor Gelu(Tensor x) => nn.functional.gelu(x, inplace: !is_grad_enabled());

    public static Tensor Add(Tensor x, Tensor y) => is_grad_enabled() ? x + y : x.add_(y);
}
