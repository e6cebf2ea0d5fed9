using ResTok.MLNet.Onnx.Format;
using ResTok.Models;

namespace ResTok.MLNet.Onnx.Export;

/// <summary>The convolutional networks before and after the transformers, as <c>PixelEncoder</c> and <c>PixelDecoder</c> run them.</summary>
internal sealed class PixelNetworks(WeightedGraph net, TokenizerConfig config)
{
    private const int Stages = 5;

    private readonly OnnxGraph graph = net.Graph;

    /// <param name="x">Normalised images [B, 3, S, S].</param>
    /// <returns>[B, 256, S/16, S/16].</returns>
    public Value Encode(Value x)
    {
        int side = config.CropSize;
        x = net.Conv(x, "pixel_encoder.conv_in");
        for (int stage = 0; stage < Stages; stage++)
        {
            x = Blocks(x, $"pixel_encoder.down.{stage}.block", side);
            if (stage == Stages - 1)
                continue;
            x = graph.Node("AveragePool", net.Compute, [x], ("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 2, 2 }));
            side /= 2;
        }
        return Finish(Blocks(x, "pixel_encoder.mid", side), "pixel_encoder", side);
    }

    /// <param name="x">[B, 256, g, g].</param>
    /// <param name="side">g.</param>
    /// <returns>Images [B, 3, 16g, 16g].</returns>
    public Value Decode(Value x, int side)
    {
        x = Blocks(net.Conv(x, "pixel_decoder.conv_in"), "pixel_decoder.mid", side);
        for (int stage = Stages - 1; stage >= 0; stage--)
        {
            x = Blocks(x, $"pixel_decoder.up.{stage}.block", side);
            if (stage == 0)
                continue;
            x = graph.Node("Resize", net.Compute, [x, new("", ElementType.Float32), graph.Constant([1f, 1, 2, 2], 4)],
                ("mode", "nearest"), ("nearest_mode", "floor"), ("coordinate_transformation_mode", "asymmetric"));
            side *= 2;
            x = net.Conv(x, $"pixel_decoder.up.{stage}.upsample_conv");
        }
        return Finish(x, "pixel_decoder", side);
    }

    private Value Blocks(Value x, string blocks, int side) => Block(Block(x, blocks + ".0", side), blocks + ".1", side);

    /// <summary>Where the channels change, the 1×1 shortcut takes the block's own output and its input is dropped, as in <c>PixelResidualBlock</c>.</summary>
    private Value Block(Value x, string block, int side)
    {
        Value h = net.Conv(Activate(x, block + ".norm1", side), block + ".conv1");
        h = net.Conv(Activate(h, block + ".norm2", side), block + ".conv2");
        return graph.Add(h, net.Has(block + ".nin_shortcut.weight") ? net.Conv(h, block + ".nin_shortcut") : x);
    }

    private Value Finish(Value x, string network, int side) => net.Conv(Activate(x, network + ".norm_out", side), network + ".conv_out");

    private Value Activate(Value x, string norm, int side) => graph.Silu(net.GroupNorm(x, norm, config.PixelNormGroups, side));
}
