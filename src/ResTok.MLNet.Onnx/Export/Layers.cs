using ResTok.MLNet.Onnx.Format;

namespace ResTok.MLNet.Onnx.Export;

/// <summary>The layers that both networks have, by the state-dict names of their parameters.</summary>
internal static class Layers
{
    /// <summary>x·Wᵀ + b over the last axis.</summary>
    /// <param name="net">The graph.</param>
    /// <param name="x">[…, inputs], in any format.</param>
    /// <param name="layer">Its name; <c>.weight</c> and <c>.bias</c> are its parameters.</param>
    /// <param name="shape">Of the result, [−1, …, outputs].</param>
    /// <param name="bias">Where it is not the parameter of that name, [outputs].</param>
    public static Value Linear(this WeightedGraph net, Value x, string layer, Value shape, Value? bias = null)
    {
        OnnxGraph graph = net.Graph;
        Value rows = graph.Reshape(graph.Cast(x, net.Compute), -1, net.ShapeOf(layer + ".weight")[1]);
        bias ??= net.Has(layer + ".bias") ? net.Weight(layer + ".bias") : null;
        if (net.Quantizes)
            return graph.Reshape(QuantizedProduct(net, rows, layer + ".weight", bias), shape);
        Value weight = net.Weight(layer + ".weight");
        Value product = graph.Node("Gemm", net.Compute, bias is { } b ? [rows, weight, b] : [rows, weight], ("transB", 1));
        return graph.Reshape(product, shape);
    }

    /// <summary>In the form that ONNX Runtime fuses: sums of 8 bits, and then both scales.</summary>
    private static Value QuantizedProduct(WeightedGraph net, Value rows, string parameter, Value? bias)
    {
        OnnxGraph graph = net.Graph;
        (Value values, Value scale, Value zero) = graph.QuantizeDynamically(rows);
        (Value weight, Value scales) = net.QuantizedWeight(parameter);
        Value sums = graph.Node("MatMulInteger", ElementType.Int32, [values, weight, zero]);
        Value product = graph.Mul(graph.Cast(sums, ElementType.Float32), graph.Mul(scale, scales));
        return bias is { } b ? graph.Add(product, b) : product;
    }

    /// <inheritdoc cref="Linear(WeightedGraph, Value, string, Value, Value?)"/>
    public static Value Linear(this WeightedGraph net, Value x, string layer, long[] shape, Value? bias = null) =>
        net.Linear(x, layer, net.Graph.Constant(shape, shape.Length), bias);

    /// <summary>Layer normalisation over the last axis, in float32.</summary>
    public static Value LayerNorm(this WeightedGraph net, Value x, string layer) => net.Graph.Node(
        "LayerNormalization", ElementType.Float32,
        [net.Graph.Cast(x, ElementType.Float32), net.WeightFloat32(layer + ".weight"), net.WeightFloat32(layer + ".bias")], ("axis", -1), ("epsilon", 1e-5f));

    /// <summary>Root-mean-square normalisation over the last axis, in float32.</summary>
    public static Value RmsNorm(this WeightedGraph net, Value x, string layer, double epsilon)
    {
        OnnxGraph graph = net.Graph;
        Value square = graph.Node("Pow", x.Type, [x, graph.Constant(2, x.Type)]);
        Value root = graph.Node("Sqrt", x.Type, [graph.Add(graph.Mean(square, -1), graph.Constant(epsilon, x.Type))]);
        return graph.Mul(graph.Div(x, root), net.WeightFloat32(layer + ".weight"));
    }

    /// <summary>A square convolution: at stride 1 the size stays.</summary>
    public static Value Conv(this WeightedGraph net, Value x, string layer, int stride = 1)
    {
        int kernel = (int)net.ShapeOf(layer + ".weight")[2], pad = stride == 1 ? kernel / 2 : 0;
        Value weight = net.Weight(layer + ".weight");
        return net.Graph.Node("Conv", net.Compute, net.Has(layer + ".bias") ? [x, weight, net.Weight(layer + ".bias")] : [x, weight],
            ("kernel_shape", new[] { kernel, kernel }), ("strides", new[] { stride, stride }), ("pads", new[] { pad, pad, pad, pad }));
    }

    /// <summary>Group normalisation of [B, C, side, side], in float32.</summary>
    public static Value GroupNorm(this WeightedGraph net, Value x, string layer, int groups, int side)
    {
        OnnxGraph graph = net.Graph;
        long channels = net.ShapeOf(layer + ".weight")[0];
        Value grouped = graph.Reshape(graph.Cast(x, ElementType.Float32), 0, groups, -1);
        float[] ones = [.. Enumerable.Repeat(1f, groups)];
        Value normal = graph.Node("InstanceNormalization", ElementType.Float32,
            [grouped, graph.Constant(ones, groups), graph.Constant(new float[groups], groups)], ("epsilon", 1e-6f));
        normal = graph.Reshape(normal, -1, channels, side, side);
        return graph.Cast(graph.Add(graph.Mul(normal, net.WeightFloat32(layer + ".weight", channels, 1, 1)), net.WeightFloat32(layer + ".bias", channels, 1, 1)), net.Compute);
    }

    /// <summary>
    /// Rotary positions: adjacent pairs of features turn, (a, b) to (a·cos − b·sin, a·sin + b·cos), which is x · cos + (its pairs
    /// swapped) · (∓sin).
    /// </summary>
    /// <param name="net">The graph.</param>
    /// <param name="x">[B, heads, L, head], float32.</param>
    /// <param name="cos">Of each feature, [L, head].</param>
    /// <param name="sin">Of each feature with its sign, [L, head].</param>
    /// <param name="headWidth">Features of a head.</param>
    public static Value Rotate(this WeightedGraph net, Value x, Value cos, Value sin, int headWidth)
    {
        OnnxGraph graph = net.Graph;
        Value swapped = graph.Gather(x, -1, graph.Constant([.. Enumerable.Range(0, headWidth).Select(feature => (long)(feature ^ 1))], headWidth));
        return graph.Cast(graph.Add(graph.Mul(x, cos), graph.Mul(swapped, sin)), net.Compute);
    }

    /// <summary>Softmax attention.</summary>
    /// <param name="net">The graph.</param>
    /// <param name="query">[…, n, head].</param>
    /// <param name="key">[…, L, head], of the same rank.</param>
    /// <param name="value">[…, L, head].</param>
    /// <param name="mask">Additive, or null.</param>
    /// <param name="headWidth">Features of a head.</param>
    /// <param name="rank">Axes of the inputs.</param>
    /// <returns>[…, n, head].</returns>
    public static Value Attend(this WeightedGraph net, Value query, Value key, Value value, Value? mask, int headWidth, int rank)
    {
        OnnxGraph graph = net.Graph;
        int[] turned = [.. Enumerable.Range(0, rank - 2), rank - 1, rank - 2];
        Value scores = graph.MatMul(graph.Mul(query, graph.Constant(Math.Pow(headWidth, -0.5), net.Compute)), graph.Transpose(key, turned));
        if (mask is { } added)
            scores = graph.Add(scores, added);
        return graph.MatMul(graph.Softmax(scores), value);
    }
}
