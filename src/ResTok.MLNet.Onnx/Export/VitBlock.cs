using ResTok.MLNet.Onnx.Format;

namespace ResTok.MLNet.Onnx.Export;

/// <summary>A block of the vision transformers, as <c>TransformerBlock</c> and <c>Attention</c> run it.</summary>
internal sealed class VitBlock(WeightedGraph net, string name)
{
    private readonly OnnxGraph graph = net.Graph;
    private readonly int width = (int)net.ShapeOf(name + ".norm1.weight")[0];
    private readonly int headWidth = (int)net.ShapeOf(name + ".attn.q_norm.weight")[0];

    /// <param name="x">[B, L, D], float32.</param>
    /// <param name="length">L.</param>
    /// <param name="cos">Of the L positions, [L, head].</param>
    /// <param name="sin">Likewise.</param>
    /// <param name="mask">Additive [L, L], or null.</param>
    /// <param name="merge">Between attention and MLP: [B, L, D] to [B, L', D], and L'.</param>
    /// <param name="last">Of how many of the last tokens the result is wanted; null for all.</param>
    /// <returns>[B, L', D] or [B, last, D], and how many tokens these are.</returns>
    public (Value Tokens, int Length) Run(Value x, int length, Value cos, Value sin, Value? mask, Func<Value, (Value, int)>? merge = null, int? last = null)
    {
        int wanted = last ?? length;
        Value attended = Attend(net.LayerNorm(x, name + ".norm1"), length, cos, sin, mask, wanted);
        if (wanted < length)
            x = graph.Slice(x, 1, length - wanted, length);
        x = AddScaled(x, ".gamma_1", attended);
        int tokens = wanted;
        if (merge is not null)
            (x, tokens) = merge(x);
        Value hidden = graph.Gelu(net.Linear(net.LayerNorm(x, name + ".norm2"), name + ".mlp.fc1", [-1, tokens, 4 * width]));
        return (AddScaled(x, ".gamma_2", net.Linear(hidden, name + ".mlp.fc2", [-1, tokens, width])), tokens);
    }

    private Value Attend(Value x, int length, Value cos, Value sin, Value? mask, int wanted)
    {
        Value bias = graph.Concat(0, net.Weight(name + ".attn.q_bias"), graph.Cast(graph.Constant(new float[width], width), net.Compute), net.Weight(name + ".attn.v_bias")); // keys have none
        Value all = net.Linear(x, name + ".attn.qkv", [-1, length, 3, width / headWidth, headWidth], bias);
        Value[] parts = graph.Split(graph.Transpose(all, 2, 0, 3, 1, 4), 0, 3); // 3 × [1, B, heads, L, head]
        Value query = net.Rotate(net.LayerNorm(parts[0], name + ".attn.q_norm"), cos, sin, headWidth);
        Value key = net.Rotate(net.LayerNorm(parts[1], name + ".attn.k_norm"), cos, sin, headWidth);
        if (wanted < length)
            query = graph.Slice(query, 3, length - wanted, length);
        Value mixed = net.Attend(query, key, parts[2], mask, headWidth, rank: 5); // [1, B, heads, wanted, head]
        return net.Linear(graph.Transpose(mixed, 0, 1, 3, 2, 4), name + ".attn.proj", [-1, wanted, width]);
    }

    private Value AddScaled(Value stream, string scale, Value branch) =>
        graph.Add(stream, graph.Mul(net.WeightFloat32(name + scale), graph.Cast(branch, ElementType.Float32)));
}
