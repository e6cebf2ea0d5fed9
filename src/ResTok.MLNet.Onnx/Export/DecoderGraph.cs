using ResTok.MLNet.Onnx.Format;
using ResTok.Models;
using ResTok.Models.Tokenizer.Networks;

namespace ResTok.MLNet.Onnx.Export;

/// <summary>From tokens to pixels: the codebook, the transformer as <c>LatentDecoder</c> runs it, and <see cref="PixelNetworks"/>.</summary>
internal static class DecoderGraph
{
    /// <summary>Adds inputs, nodes and outputs to a graph.</summary>
    /// <param name="net">An empty graph of the tokenizer's parameters.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="pixelType">float32, nominally in [0, 1] and not clamped, or 8 bits.</param>
    public static void Build(WeightedGraph net, TokenizerConfig config, ElementType pixelType)
    {
        OnnxGraph graph = net.Graph;
        var levels = new TokenLevels(config.LatentTokens);
        int n = levels.TokenCount, side = config.CropSize / config.DecoderPatchSize, area = side * side;
        int width = (int)net.ShapeOf("decoder.ln_pre.weight")[0], headWidth = (int)net.ShapeOf("decoder.blocks.0.attn.q_norm.weight")[0];
        Value tokens = graph.Input("tokens", ElementType.Int64, "batch", "count");
        Value counts = graph.Input("token_counts", ElementType.Int64, "batch");

        Value embedded = Embed(net, config, levels, Truncate(net, config, n, tokens, counts), width); // [B, N, D]
        Value image = config.LearnableDecoderImageTokens
            ? graph.Expand(net.WeightFloat32("decoder.mask_token"), graph.Concat(0, graph.Size(tokens, 0), graph.Constant([area, width], 2)))
            : Resampling.UnpoolAll(graph, embedded, levels, side, config.ResidualLatentTokens);
        Value sequence = net.LayerNorm(graph.Concat(1, graph.Add(embedded, LevelEmbeddings.Sequence(net, "decoder", levels)), image), "decoder.ln_pre");
        (float[] cos, float[] sin) = Positions.Grid(GridPositions.OfDecoder(n, side), headWidth, config.RopeBase);
        Value cosines = graph.Constant(cos, n + area, headWidth), sines = graph.Constant(sin, n + area, headWidth);
        int blocks = Enumerable.Range(0, int.MaxValue).First(i => !net.Has($"decoder.blocks.{i}.gamma_1"));
        for (int i = 0; i < blocks; i++)
            sequence = new VitBlock(net, $"decoder.blocks.{i}").Run(sequence, n + area, cosines, sines, null, last: i == blocks - 1 ? area : null).Tokens;

        Value grid = graph.Reshape(graph.Transpose(net.LayerNorm(sequence, "decoder.ln_post"), 0, 2, 1), -1, width, side, side);
        Value pixels = graph.Cast(new PixelNetworks(net, config).Decode(net.Conv(graph.Cast(grid, net.Compute), "decoder.ffn"), side), ElementType.Float32);
        if (pixelType == ElementType.UInt8)
        {
            Value scaled = graph.Node("Clip", ElementType.Float32, [graph.Mul(pixels, graph.Constant(255, ElementType.Float32)), graph.Constant([0f]), graph.Constant([255f])]);
            pixels = graph.Cast(graph.Node("Round", ElementType.Float32, [scaled]), ElementType.UInt8);
        }
        graph.Output("pixels", pixels, "batch", 3, config.ImageSize, config.ImageSize);
    }

    /// <summary>The codes of the leading tokens, and the mask token behind them: [B, N, C], float32.</summary>
    private static Value Truncate(WeightedGraph net, TokenizerConfig config, int n, Value tokens, Value counts)
    {
        OnnxGraph graph = net.Graph;
        Value missing = graph.Sub(graph.Integer(n), graph.Size(tokens, 1));
        Value padded = graph.Node("Pad", ElementType.Int64, [tokens, graph.Concat(0, graph.Constant([0L, 0, 0], 3), missing)]);
        Value codebook = net.WeightFloat32("quantize.embedding.weight");
        Value codes = graph.Gather(config.UseL2Norm ? graph.Normalize(codebook) : codebook, 0, graph.Reshape(padded, -1, n));
        Value positions = graph.Constant([.. Enumerable.Range(0, n).Select(position => (long)position)], 1, n);
        Value kept = graph.Node("Less", ElementType.Bool, [positions, graph.Unsqueeze(counts, 1)]); // [B, N]
        return graph.Where(graph.Unsqueeze(kept, 2), codes, net.WeightFloat32("decoder.latent_mask_token"));
    }

    /// <summary>To the width of the transformer, float32.</summary>
    private static Value Embed(WeightedGraph net, TokenizerConfig config, TokenLevels levels, Value latents, int width)
    {
        OnnxGraph graph = net.Graph;
        Value embedded = config.MultiQuant
            ? graph.Concat(1, [.. Enumerable.Range(0, levels.Count).Select(level => net.Linear(
                graph.Slice(latents, 1, levels.Offsets[level], levels.Offsets[level] + levels.Sizes[level]), $"decoder.decoder_embed.{level}", [-1, levels.Sizes[level], width]))])
            : net.Linear(latents, "decoder.decoder_embed", [-1, levels.TokenCount, width]);
        return graph.Cast(embedded, ElementType.Float32);
    }
}
