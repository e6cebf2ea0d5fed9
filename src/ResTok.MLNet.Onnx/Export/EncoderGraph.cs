using ResTok.MLNet.Onnx.Format;
using ResTok.Models;
using ResTok.Models.Layers;
using ResTok.Models.Tokenizer.Networks;

namespace ResTok.MLNet.Onnx.Export;

/// <summary>From pixels to tokens: normalisation, <see cref="PixelNetworks"/>, the transformer as <c>LatentEncoder</c> runs it, and the codebook.</summary>
internal sealed class EncoderGraph
{
    private readonly WeightedGraph net;
    private readonly OnnxGraph graph;
    private readonly TokenizerConfig config;
    private readonly TokenLevels levels;
    private readonly int width;
    private readonly int side; // of the grid of image tokens

    private EncoderGraph(WeightedGraph net, TokenizerConfig config)
    {
        (this.net, this.config, graph) = (net, config, net.Graph);
        levels = new(config.LatentTokens);
        width = config.EncoderWidth;
        side = config.CropSize / config.EncoderPatchSize;
    }

    /// <summary>Adds inputs, nodes and outputs to a graph.</summary>
    /// <param name="net">An empty graph of the tokenizer's parameters.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="pixelType">float32 in [0, 1] or 8 bits.</param>
    public static void Build(WeightedGraph net, TokenizerConfig config, ElementType pixelType) => new EncoderGraph(net, config).Build(pixelType);

    private void Build(ElementType pixelType)
    {
        int n = levels.TokenCount;
        Value pixels = graph.Input("pixels", pixelType, "batch", 3, config.CropSize, config.CropSize);
        Value x = graph.Cast(pixels, ElementType.Float32);
        if (pixelType == ElementType.UInt8)
            x = graph.Div(x, graph.Constant(255, ElementType.Float32));
        x = graph.Div(graph.Sub(x, graph.Constant(ImageNetNormalization.Mean, 3, 1, 1)), graph.Constant(ImageNetNormalization.Deviation, 3, 1, 1));
        (Value latents, Value coarsest) = Transform(graph.Cast(x, net.Compute), graph.Size(pixels, 0));
        Value z = Project(net.LayerNorm(latents, "encoder.ln_post")); // [B, C, N]
        graph.Output("features", graph.Node("ReduceMean", ElementType.Float32, [coarsest], ("axes", new[] { 1 }), ("keepdims", 0)), "batch", width);
        graph.Output("latents", graph.Reshape(z, -1, config.TokenSize, 1, n), "batch", config.TokenSize, 1, n);
        Quantize(graph.Transpose(z, 0, 2, 1));
    }

    /// <returns>The latent tokens [B, N, D] before the last norm, and the coarsest image tokens [B, n, D].</returns>
    private (Value Latents, Value Coarsest) Transform(Value x, Value batch)
    {
        Value map = config.PixelEncoder
            ? net.Conv(new PixelNetworks(net, config).Encode(x), "encoder.patch_embed")
            : net.Conv(x, "encoder.patch_embed.proj", config.EncoderPatchSize);
        Value image = graph.Cast(graph.Transpose(graph.Reshape(map, -1, width, side * side), 0, 2, 1), ElementType.Float32); // [B, g·g, D]
        int n = levels.TokenCount;
        Value latents = config.LearnableLatentTokens ? graph.Expand(net.WeightFloat32("latent_tokens"), graph.Concat(0, batch, graph.Constant([n, width], 2)))
            : config.LatentHierarchy ? Resampling.Pool(graph, image, side, levels, config.ResidualLatentTokens)
            : Resampling.PoolFlat(graph, image, side * side, n);
        latents = graph.Add(latents, LevelEmbeddings.Sequence(net, "encoder", levels));
        image = graph.Add(image, net.WeightFloat32("encoder.level_embedding.0"));
        Value sequence = net.LayerNorm(graph.Concat(1, image, latents), "encoder.ln_pre");

        int blocks = Enumerable.Range(0, int.MaxValue).First(i => !net.Has($"encoder.blocks.{i}.gamma_1"));
        var schedule = new MergeSchedule(config, blocks, side);
        int stage = 0, length = side * side + n;
        for (int i = 0; i < blocks; i++)
        {
            (int Rows, int Columns)[] grids = schedule.Stages[stage];
            (Value cos, Value sin) = Rotary(grids);
            var block = new VitBlock(net, $"encoder.blocks.{i}");
            if (!schedule.MergesIn(i))
            {
                (sequence, length) = block.Run(sequence, length, cos, sin, Mask(grids));
                continue;
            }
            int front = Tokens(grids[0]), merged = Tokens(schedule.Stages[stage + 1][0]), whole = length;
            (sequence, length) = block.Run(sequence, length, cos, sin, Mask(grids), tokens => (Merge(tokens, front, merged, whole), whole + merged));
            stage++;
            Value coarse = graph.Add(graph.Slice(sequence, 1, 0, merged), net.WeightFloat32($"encoder.level_embedding.{stage}"));
            sequence = graph.Concat(1, coarse, graph.Slice(sequence, 1, merged, length));
        }
        return (graph.Slice(sequence, 1, length - n, length), graph.Slice(sequence, 1, 0, Tokens(schedule.Stages[stage][0])));
    }

    /// <summary>Puts a decimated copy of the front image level before the sequence and leaves residuals in the level itself.</summary>
    private Value Merge(Value sequence, int front, int merged, int length)
    {
        Value level = graph.Slice(sequence, 1, 0, front);
        Value coarse = Resampling.Nearest(graph, level, front, merged);
        if (config.ResidualImageTokens)
            level = graph.Sub(level, Resampling.Nearest(graph, coarse, merged, front));
        return graph.Concat(1, coarse, level, graph.Slice(sequence, 1, front, length));
    }

    /// <summary>From [B, N, D] to the latent space, [B, C, N], float32.</summary>
    private Value Project(Value latents)
    {
        // The buffer is read as [B, D, N] without a transpose: the reference's "legacy" layout, which its weights depend on.
        int n = levels.TokenCount;
        Value x = graph.Reshape(graph.Cast(latents, net.Compute), -1, width, n);
        Value z = config.MultiQuant
            ? graph.Concat(2, [.. Enumerable.Range(0, levels.Count).Select(level => Head(
                $"encoder.conv_out.{level}", graph.Slice(x, 2, levels.Offsets[level], levels.Offsets[level] + levels.Sizes[level])))])
            : Head("encoder.conv_out", x);
        return graph.Cast(z, ElementType.Float32);
    }

    /// <summary>A 1×1 convolution over the latents.</summary>
    private Value Head(string head, Value x) =>
        graph.Add(graph.MatMul(net.Weight(head + ".weight", config.TokenSize, width), x), net.Weight(head + ".bias", config.TokenSize, 1));

    /// <param name="z">[B, N, C], float32.</param>
    private void Quantize(Value z)
    {
        int n = levels.TokenCount;
        Value codes = net.WeightFloat32("quantize.embedding.weight");
        if (config.UseL2Norm)
            (z, codes) = (graph.Normalize(z), graph.Normalize(codes));
        // |z|² + |e|² − 2 z·e in that order: the ids of near ties depend on it.
        Value own = graph.Node("ReduceSumSquare", ElementType.Float32, [z], ("axes", new[] { -1 }), ("keepdims", 1)); // [B, N, 1]
        Value theirs = graph.Node("ReduceSumSquare", ElementType.Float32, [codes], ("axes", new[] { -1 }), ("keepdims", 0)); // [K]
        Value products = graph.Mul(graph.Constant(2, ElementType.Float32), graph.MatMul(z, graph.Transpose(codes, 1, 0))); // [B, N, K]
        Value distances = graph.Sub(graph.Add(own, theirs), products);
        Value tokens = graph.Node("ArgMin", ElementType.Int64, [distances], ("axis", -1), ("keepdims", 0)); // [B, N]
        Value quantized = graph.Add(z, graph.Sub(graph.Gather(codes, 0, tokens), z)); // as the straight-through estimator rounds
        graph.Output("tokens", tokens, "batch", n);
        graph.Output("quantized_latents", graph.Reshape(graph.Transpose(quantized, 0, 2, 1), -1, config.TokenSize, 1, n), "batch", config.TokenSize, 1, n);
    }

    private (Value Cos, Value Sin) Rotary((int Rows, int Columns)[] grids)
    {
        int headWidth = (int)net.ShapeOf("encoder.blocks.0.attn.q_norm.weight")[0];
        List<(int, int)> positions = GridPositions.OfEncoder(grids, levels.TokenCount);
        (float[] cos, float[] sin) = Positions.Grid(positions, headWidth, config.RopeBase);
        return (graph.Constant(cos, positions.Count, headWidth), graph.Constant(sin, positions.Count, headWidth));
    }

    /// <summary>Hierarchical causal attention: a token sees its own block and earlier ones. Additive, [L, L].</summary>
    private Value Mask((int Rows, int Columns)[] grids)
    {
        long[] blocks = [.. grids.Select(Tokens).Concat(levels.Sizes).SelectMany((size, block) => Enumerable.Repeat((long)block, size))];
        Value rows = graph.Constant(blocks, blocks.Length, 1), columns = graph.Constant(blocks, 1, blocks.Length);
        return graph.AdditiveMask(graph.Node("GreaterOrEqual", ElementType.Bool, [rows, columns]), net.Compute);
    }

    private static int Tokens((int Rows, int Columns) grid) => grid.Rows * grid.Columns;
}
