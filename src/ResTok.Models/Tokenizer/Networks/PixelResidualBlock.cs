using ResTok.Models.Layers;
using ResTok.Models.Layers.Kernels;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer.Networks;

/// <summary>
/// The residual block of the convolutional networks. Where it changes the channels, the 1×1 shortcut takes the block's own
/// output and its input is dropped: a quirk inherited from MaskGIT that trained weights depend on.
/// </summary>
internal sealed class PixelResidualBlock
{
    private readonly GroupNorm norm1;
    private readonly Conv2d conv1;
    private readonly GroupNorm norm2;
    private readonly Conv2d conv2;
    private readonly Conv2d? shortcut;

    public PixelResidualBlock(ParameterScope scope, int inputs, int outputs, int groups)
    {
        norm1 = new(scope["norm1"], inputs, groups);
        conv1 = new(scope["conv1"], inputs, outputs, kernel: 3, hasBias: false);
        norm2 = new(scope["norm2"], outputs, groups);
        conv2 = new(scope["conv2"], outputs, outputs, kernel: 3, hasBias: false);
        shortcut = inputs == outputs ? null : new(scope["nin_shortcut"], outputs, outputs, kernel: 1, hasBias: false);
    }

    /// <param name="x">[B, inputs, H, W].</param>
    /// <returns>[B, outputs, H, W].</returns>
    public Tensor Forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        Tensor h = conv1.Forward(InPlace.Silu(norm1.Forward(x)));
        h = conv2.Forward(InPlace.Silu(norm2.Forward(h)));
        return InPlace.Add(h, shortcut is null ? x : shortcut.Forward(h)).MoveToOuterDisposeScope();
    }
}
