using ResTok.Models.Layers;
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
    private readonly NormalizedConv2d conv1;
    private readonly NormalizedConv2d conv2;
    private readonly Conv2d? shortcut;

    public PixelResidualBlock(ParameterScope scope, int inputs, int outputs, int groups)
    {
        conv1 = new(scope["norm1"], scope["conv1"], inputs, outputs, groups, kernel: 3, hasBias: false);
        conv2 = new(scope["norm2"], scope["conv2"], outputs, outputs, groups, kernel: 3, hasBias: false);
        shortcut = inputs == outputs ? null : new(scope["nin_shortcut"], outputs, outputs, kernel: 1, hasBias: false);
    }

    /// <param name="x">[B, inputs, H, W]; may be overwritten where no gradient is wanted.</param>
    /// <returns>[B, outputs, H, W].</returns>
    public Tensor Forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        Tensor h = conv1.Forward(x);
        if (shortcut is null)
            return conv2.Forward(h, addend: x).MoveToOuterDisposeScope();
        h = conv2.Forward(h);
        return shortcut.Forward(h, addend: h).MoveToOuterDisposeScope();
    }
}
