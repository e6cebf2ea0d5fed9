using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// How the convolutional networks go through a batch on a CPU where no gradient is wanted: a few images at a time, so that the
/// activations of only those are in memory (2 GB less for a batch of 8), and with channels last, in which oneDNN's convolutions take
/// four fifths of the time. On other devices and with gradients the whole batch runs as it is. What it gains:
/// <c>dotnet run --project tests/ResTok.Benchmarks -c Release -- choices</c>.
/// </summary>
internal static class ImageChunks
{
    internal const long Pixels = 256 * 256; // at a time: one image of the official models, more of smaller ones

    /// <summary>Runs a network.</summary>
    /// <param name="x">[B, …, H, W].</param>
    /// <param name="side">Pixels of an image's side.</param>
    /// <param name="network">From [b, …, H, W] to [b, …, H', W'].</param>
    public static Tensor Run(Tensor x, long side, Func<Tensor, Tensor> network)
    {
        if (is_grad_enabled() || x.device_type != DeviceType.CPU)
            return network(x);
        using var scope = NewDisposeScope();
        Tensor[] chunks = [.. x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2).split(Math.Max(1, Pixels / (side * side)))];
        return cat([.. chunks.Select(network)]).MoveToOuterDisposeScope();
    }
}
