using ResTok.MLNet.Onnx.Format;
using ResTok.Models;
using ResTok.Models.Generator.Networks;
using ResTok.Models.Generator.Sampling;

namespace ResTok.MLNet.Onnx.Export;

/// <summary>One pass of the generator, as <c>LlamaTransformer</c> runs it: inputs of some positions to the logits of their tokens.</summary>
internal sealed class GeneratorGraph
{
    private readonly WeightedGraph net;
    private readonly OnnxGraph graph;
    private readonly GeneratorConfig config;
    private readonly int headWidth;
    private readonly int keyValueHeads;
    private readonly Value rows; // [B, n], of this pass
    private readonly Value cos;
    private readonly Value sin;
    private readonly Value ids;
    private readonly Value positions;
    private Value? mask; // [n, past + n]

    private GeneratorGraph(WeightedGraph net, GeneratorConfig config)
    {
        (this.net, this.config, graph) = (net, config, net.Graph);
        headWidth = config.Width / config.Heads;
        keyValueHeads = config.KeyValueHeads ?? config.Heads;
        ids = graph.Input("input_ids", ElementType.Int64, "batch", "length");
        positions = graph.Input("position_ids", ElementType.Int64, "length");
        rows = graph.Shape(ids);
        (float[] cosines, float[] sines) = Positions.Line(config.Tokens, headWidth, config.RopeBase);
        cos = graph.Gather(graph.Constant(cosines, config.Tokens, headWidth), 0, positions); // [n, head]
        sin = graph.Gather(graph.Constant(sines, config.Tokens, headWidth), 0, positions);
    }

    /// <summary>Adds inputs, nodes and outputs to a graph.</summary>
    /// <param name="net">An empty graph of the generator's parameters.</param>
    /// <param name="config">Its configuration.</param>
    public static void Build(WeightedGraph net, GeneratorConfig config) => new GeneratorGraph(net, config).Build();

    private void Build()
    {
        string[] tables = ["cls_embedding.embedding_table.weight", "tok_embeddings.weight", "spe_tok_embeddings.special_embeddings.weight"];
        Value embeddings = graph.Concat(0, [.. tables.Where(net.Has).Select(table => net.Weight(table))]);
        Value x = graph.Cast(graph.Gather(embeddings, 0, ids), ElementType.Float32); // [B, n, D]
        for (int layer = 0; layer < config.Layers; layer++)
            x = Block(x, layer);
        Value logits = net.Linear(net.RmsNorm(x, "norm", config.NormEpsilon), "output", Shape(config.CodebookSize));
        graph.Output("logits", graph.Cast(logits, ElementType.Float32), "batch", "length", config.CodebookSize);
    }

    private Value Block(Value x, int layer)
    {
        string name = $"layers.{layer}";
        x = graph.Add(x, graph.Cast(Attend(net.RmsNorm(x, name + ".attention_norm", config.NormEpsilon), layer, name + ".attention"), ElementType.Float32));
        Value normal = net.RmsNorm(x, name + ".ffn_norm", config.NormEpsilon);
        Value hidden = graph.Mul(
            graph.Silu(net.Linear(normal, name + ".feed_forward.w1", Shape(config.FfnWidth))), net.Linear(normal, name + ".feed_forward.w3", Shape(config.FfnWidth)));
        return graph.Add(x, graph.Cast(net.Linear(hidden, name + ".feed_forward.w2", Shape(config.Width)), ElementType.Float32));
    }

    private Value Attend(Value x, int layer, string name)
    {
        int heads = config.Heads, repeats = heads / keyValueHeads;
        Value all = graph.Transpose(net.Linear(x, name + ".wqkv", Shape(heads + 2 * keyValueHeads, headWidth)), 0, 2, 1, 3); // [B, heads, n, head]
        Value query = net.Rotate(graph.Cast(graph.Slice(all, 1, 0, heads), ElementType.Float32), cos, sin, headWidth);
        Value key = net.Rotate(graph.Cast(graph.Slice(all, 1, heads, heads + keyValueHeads), ElementType.Float32), cos, sin, headWidth);
        key = Remember(layer, "key", key);
        Value value = Remember(layer, "value", graph.Slice(all, 1, heads + keyValueHeads, heads + 2 * keyValueHeads)); // [B, heads, past + n, head]
        mask ??= Mask(graph.Size(key, 2));
        if (repeats == 1)
            return Project(net.Attend(query, key, value, mask, headWidth, rank: 4), name);
        Value grouped = graph.Reshape(query, 0, keyValueHeads, repeats, -1, headWidth); // neighbours share keys and values
        Value mixed = net.Attend(grouped, graph.Unsqueeze(key, 2), graph.Unsqueeze(value, 2), mask, headWidth, rank: 5);
        return Project(graph.Reshape(mixed, 0, heads, -1, headWidth), name);
    }

    private Value Project(Value mixed, string name) => net.Linear(graph.Transpose(mixed, 0, 2, 1, 3), name + ".wo", Shape(config.Width));

    /// <summary>Puts what earlier passes left before what this one adds, and gives it out for the next.</summary>
    private Value Remember(int layer, string what, Value added)
    {
        Value past = graph.Input($"past_key_values.{layer}.{what}", net.Compute, "batch", keyValueHeads, "past", headWidth);
        Value present = graph.Concat(2, past, added);
        graph.Output($"present.{layer}.{what}", present, "batch", keyValueHeads, "total", headWidth);
        return present;
    }

    /// <summary>Who sees whom, of the positions of this pass and all up to them: additive, [n, past + n].</summary>
    private Value Mask(Value total)
    {
        var layout = new SequenceLayout(config);
        int n = config.Tokens;
        bool[] allowed = [.. from row in Enumerable.Range(0, n) from column in Enumerable.Range(0, n) select layout.MayAttend(row, column)];
        Value ofRows = graph.Gather(graph.Constant(allowed, n, n), 0, positions);
        return graph.AdditiveMask(graph.Slice(ofRows, 1, graph.Integer(0), total), net.Compute);
    }

    /// <summary>[B, n] and what follows.</summary>
    private Value Shape(params long[] rest) => graph.Concat(0, rows, graph.Constant(rest, rest.Length));
}
