using ResTok.Models.Layers;
using ResTok.Models.Layers.Kernels;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer.Networks;

/// <summary>The convolutional encoder before the transformer: [B, 3, S, S] to [B, 256, S/16, S/16].</summary>
internal sealed class PixelEncoder
{
    /// <summary>Channels between the convolutional networks and the transformers.</summary>
    public const int OutputChannels = 256;

    /// <summary>Channels at the five resolutions, as multiples of the first.</summary>
    public static readonly int[] Multipliers = [1, 1, 2, 2, 4];

    private readonly Conv2d convIn;
    private readonly PixelResidualBlock[][] resolutions;
    private readonly PixelResidualBlock[] middle;
    private readonly NormalizedConv2d convOut;

    public PixelEncoder(ParameterScope scope, int hidden, int groups)
    {
        convIn = new(scope["conv_in"], 3, hidden, kernel: 3, hasBias: false);
        int channels = hidden;
        resolutions = new PixelResidualBlock[Multipliers.Length][];
        for (int i = 0; i < resolutions.Length; i++)
        {
            int outputs = hidden * Multipliers[i];
            ParameterScope blocks = scope["down"][i]["block"];
            resolutions[i] = [new(blocks[0], channels, outputs, groups), new(blocks[1], outputs, outputs, groups)];
            channels = outputs;
        }
        middle = [new(scope["mid"][0], channels, channels, groups), new(scope["mid"][1], channels, channels, groups)];
        convOut = new(scope["norm_out"], scope["conv_out"], channels, OutputChannels, groups, kernel: 1, hasBias: true);
    }

    /// <param name="x">Normalised images [B, 3, S, S].</param>
    public Tensor Forward(Tensor x) => ImageChunks.Run(x, x.shape[3], Run);

    private Tensor Run(Tensor x)
    {
        using var scope = NewDisposeScope();
        x = convIn.Forward(x);
        for (int i = 0; i < resolutions.Length; i++)
            x = Resolution(x, resolutions[i], halve: i < resolutions.Length - 1);
        x = Resolution(x, middle, halve: false);
        return convOut.Forward(x).MoveToOuterDisposeScope();
    }

    private static Tensor Resolution(Tensor x, PixelResidualBlock[] blocks, bool halve)
    {
        using var scope = NewDisposeScope();
        foreach (PixelResidualBlock block in blocks)
            x = block.Forward(x);
        return (halve ? nn.functional.avg_pool2d(x, 2, 2) : x).MoveToOuterDisposeScope();
    }
}
