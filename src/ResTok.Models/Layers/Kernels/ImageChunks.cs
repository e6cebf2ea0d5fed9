using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer;

/// <summary>How the convolutional networks go through a batch on a CPU where no gradient is wanted.</summary>
internal static class PictureByPicture
{
    private const long Pixels = 256 * 256; // at a time: one picture of the official models, more of smaller ones

    /// <summary>
    /// Runs a network on one picture after another, so that the activations of only one are in memory, and with channels last, which
    /// oneDNN's convolutions are faster in. On other devices and with gradients the whole batch runs as it is.
    /// </summary>
    /// <param name="x">[B, …, H, W].</param>
    /// <param name="side">Pixels of a picture's side.</param>
    /// <param name="network">From [b, …, H, W] to [b, …, H', W'].</param>
    public static Tensor Run(Tensor x, long side, Func<Tensor, Tensor> network)
    {
        if (is_grad_enabled() || x.device_type != DeviceType.CPU)
            return network(x);
        using var scope = NewDisposeScope();
        Tensor[] pictures = [.. x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2).split(Math.Max(1, Pixels / (side * side)))];
        return cat([.. pictures.Select(network)]).MoveToOuterDisposeScope();
    }
}
