using ResTok.Models.Layers;
using ResTok.Models.Layers.Kernels;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer.Networks;

/// <summary>The convolutional decoder after the transformer: [B, 256, g, g] to [B, 3, 16g, 16g].</summary>
internal sealed class PixelDecoder
{
    private readonly Conv2d convIn;
    private readonly PixelResidualBlock[] middle;
    private readonly Resolution[] resolutions; // in parameter order; run from the last (deepest) to the first
    private readonly NormalizedConv2d convOut;

    public PixelDecoder(ParameterScope scope, int hidden, int groups)
    {
        int[] multipliers = PixelEncoder.Multipliers;
        int deepest = hidden * multipliers[^1];
        convIn = new(scope["conv_in"], PixelEncoder.OutputChannels, deepest, kernel: 3, hasBias: true);
        middle = [new(scope["mid"][0], deepest, deepest, groups), new(scope["mid"][1], deepest, deepest, groups)];
        resolutions = new Resolution[multipliers.Length];
        for (int i = 0; i < resolutions.Length; i++)
        {
            int inputs = hidden * multipliers[Math.Min(i + 1, multipliers.Length - 1)];
            resolutions[i] = new(scope["up"][i], inputs, hidden * multipliers[i], groups, upsample: i != 0);
        }
        convOut = new(scope["norm_out"], scope["conv_out"], hidden, 3, groups, kernel: 3, hasBias: true);
    }

    /// <param name="x">[B, 256, g, g].</param>
    /// <returns>Images, nominally in [0, 1] and not clamped, [B, 3, 16g, 16g].</returns>
    public Tensor Forward(Tensor x) => ImageChunks.Run(x, x.shape[3] << (resolutions.Length - 1), Run);

    private Tensor Run(Tensor x)
    {
        using var scope = NewDisposeScope();
        x = convIn.Forward(x);
        foreach (PixelResidualBlock block in middle)
            x = block.Forward(x);
        for (int i = resolutions.Length - 1; i >= 0; i--)
            x = resolutions[i].Forward(x);
        return convOut.Forward(x).MoveToOuterDisposeScope();
    }

    private sealed class Resolution(ParameterScope scope, int inputs, int outputs, int groups, bool upsample)
    {
        private readonly PixelResidualBlock[] blocks =
            [new(scope["block"][0], inputs, outputs, groups), new(scope["block"][1], outputs, outputs, groups)];

        private readonly Conv2d? smooth = upsample ? new(scope["upsample_conv"], outputs, outputs, kernel: 3, hasBias: true) : null;

        public Tensor Forward(Tensor x)
        {
            using var inner = NewDisposeScope();
            foreach (PixelResidualBlock block in blocks)
                x = block.Forward(x);
            if (smooth is not null)
                x = smooth.ForwardDoubled(x);
            return x.MoveToOuterDisposeScope();
        }
    }
}
