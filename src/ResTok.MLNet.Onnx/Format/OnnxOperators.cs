namespace ResTok.MLNet.Onnx.Format;

/// <summary>The operators of opset 17 that the networks are made of, under the names of the format.</summary>
internal static class OnnxOperators
{
    public static Value Add(this OnnxGraph graph, Value a, Value b) => graph.Node("Add", a.Type, [a, b]);

    public static Value Sub(this OnnxGraph graph, Value a, Value b) => graph.Node("Sub", a.Type, [a, b]);

    public static Value Mul(this OnnxGraph graph, Value a, Value b) => graph.Node("Mul", a.Type, [a, b]);

    public static Value Div(this OnnxGraph graph, Value a, Value b) => graph.Node("Div", a.Type, [a, b]);

    public static Value MatMul(this OnnxGraph graph, Value a, Value b) => graph.Node("MatMul", b.Type, [a, b]);

    public static Value Softmax(this OnnxGraph graph, Value x) => graph.Node("Softmax", x.Type, [x], ("axis", -1));

    public static Value Silu(this OnnxGraph graph, Value x) => graph.Mul(x, graph.Node("Sigmoid", x.Type, [x]));

    /// <summary>The exact function, x · ½(1 + erf(x / √2)), in the form that runtimes recognise.</summary>
    public static Value Gelu(this OnnxGraph graph, Value x)
    {
        Value erf = graph.Node("Erf", x.Type, [graph.Div(x, graph.Constant(Math.Sqrt(2), x.Type))]);
        return graph.Mul(graph.Mul(x, graph.Add(erf, graph.Constant(1, x.Type))), graph.Constant(0.5, x.Type));
    }

    /// <summary>Reads the elements in another shape; −1 stands for what is left.</summary>
    public static Value Reshape(this OnnxGraph graph, Value x, params long[] shape) => graph.Reshape(x, graph.Constant(shape, shape.Length));

    public static Value Reshape(this OnnxGraph graph, Value x, Value shape) => graph.Node("Reshape", x.Type, [x, shape]);

    public static Value Transpose(this OnnxGraph graph, Value x, params int[] permutation) => graph.Node("Transpose", x.Type, [x], ("perm", permutation));

    public static Value Concat(this OnnxGraph graph, int axis, params Value[] values) =>
        values.Length == 1 ? values[0] : graph.Node("Concat", values[0].Type, values, ("axis", axis));

    public static Value Slice(this OnnxGraph graph, Value x, int axis, long start, long end) => graph.Slice(x, axis, graph.Integer(start), graph.Integer(end));

    public static Value Slice(this OnnxGraph graph, Value x, int axis, Value start, Value end) =>
        graph.Node("Slice", x.Type, [x, start, end, graph.Integer(axis)]);

    public static Value Gather(this OnnxGraph graph, Value x, int axis, Value indices) => graph.Node("Gather", x.Type, [x, indices], ("axis", axis));

    public static Value Unsqueeze(this OnnxGraph graph, Value x, int axis) => graph.Node("Unsqueeze", x.Type, [x, graph.Integer(axis)]);

    public static Value Expand(this OnnxGraph graph, Value x, Value shape) => graph.Node("Expand", x.Type, [x, shape]);

    public static Value Shape(this OnnxGraph graph, Value x) => graph.Node("Shape", ElementType.Int64, [x]);

    /// <summary>The size of an axis, as a vector of one.</summary>
    public static Value Size(this OnnxGraph graph, Value x, int axis) => graph.Slice(graph.Shape(x), 0, axis, axis + 1);

    public static Value Where(this OnnxGraph graph, Value condition, Value yes, Value no) => graph.Node("Where", yes.Type, [condition, yes, no]);

    /// <summary>0 where allowed, −∞ elsewhere.</summary>
    public static Value AdditiveMask(this OnnxGraph graph, Value allowed, ElementType type) =>
        graph.Cast(graph.Where(allowed, graph.Constant(0, ElementType.Float32), graph.Constant(double.NegativeInfinity, ElementType.Float32)), type);

    /// <summary>The mean of an axis, which stays with size 1.</summary>
    public static Value Mean(this OnnxGraph graph, Value x, int axis) => graph.Node("ReduceMean", x.Type, [x], ("axes", new[] { axis }), ("keepdims", 1));

    /// <summary>Divides rows by their norm, as PyTorch's <c>normalize</c>.</summary>
    public static Value Normalize(this OnnxGraph graph, Value x)
    {
        Value norm = graph.Node("ReduceL2", x.Type, [x], ("axes", new[] { -1 }), ("keepdims", 1));
        return graph.Div(x, graph.Node("Max", x.Type, [norm, graph.Constant(1e-12, x.Type)]));
    }
}
