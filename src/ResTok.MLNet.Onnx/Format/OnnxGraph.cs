using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;

namespace ResTok.MLNet.Onnx.Format;

/// <summary>A graph under construction. Nodes are added in the order in which they run.</summary>
/// <param name="name">Its name, for tools that show it.</param>
internal sealed class OnnxGraph(string name)
{
    private readonly Dictionary<string, Value> constants = new(StringComparer.Ordinal);
    private int nodes;

    /// <summary>The graph without its initializers.</summary>
    public GraphProto Proto { get; } = new() { Name = name };

    public List<Initializer> Initializers { get; } = [];

    /// <summary>Adds an input, as callers name it; text in the shape names a size that may be any.</summary>
    public Value Input(string name, ElementType type, params object[] shape)
    {
        Proto.Input.Add(Info(name, type, shape));
        return new(name, type);
    }

    /// <inheritdoc cref="Input"/>
    public void Output(string name, Value value, params object[] shape)
    {
        Proto.Node.Add(new NodeProto { Name = name, OpType = "Identity", Input = { value.Name }, Output = { name } });
        Proto.Output.Add(Info(name, value.Type, shape));
    }

    /// <summary>A constant that is made once, however often it is asked for.</summary>
    public Value Initializer(string name, ElementType type, long[] shape, Action<Stream> write)
    {
        if (!constants.TryGetValue(name, out Value value))
        {
            constants[name] = value = new(name, type);
            Initializers.Add(new(name, type, shape, write));
        }
        return value;
    }

    public Value Constant(long[] values, params long[] shape) => Constant(ElementType.Int64, MemoryMarshal.AsBytes(values.AsSpan()), shape);

    public Value Constant(float[] values, params long[] shape) => Constant(ElementType.Float32, MemoryMarshal.AsBytes(values.AsSpan()), shape);

    public Value Constant(bool[] values, params long[] shape) => Constant(ElementType.Bool, MemoryMarshal.AsBytes(values.AsSpan()), shape);

    /// <summary>A number of a format, as a scalar.</summary>
    public Value Constant(double value, ElementType type) => Cast(Constant([(float)value]), type);

    /// <summary>One integer, as a vector of it.</summary>
    public Value Integer(long value) => Constant([value], 1);

    /// <summary>Adds a node with one result, of the type. Attributes are each an int, a float, a text or integers.</summary>
    public Value Node(string op, ElementType type, Value[] inputs, params (string Name, object Value)[] attributes)
    {
        string result = string.Create(CultureInfo.InvariantCulture, $"{op}_{nodes++}");
        Add(op, [result], inputs, attributes);
        return new(result, type);
    }

    /// <summary>Cuts an axis into equal parts.</summary>
    public Value[] Split(Value x, int axis, int parts)
    {
        Value[] results = [.. Enumerable.Range(0, parts).Select(part => new Value(string.Create(CultureInfo.InvariantCulture, $"Split_{nodes}_{part}"), x.Type))];
        nodes++;
        Add("Split", [.. results.Select(result => result.Name)], [x], [("axis", axis)]);
        return results;
    }

    /// <summary>Every number as 8 bits of a scale and a zero that all of them share: x ≈ scale · (value − zero).</summary>
    public (Value Values, Value Scale, Value Zero) QuantizeDynamically(Value x)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"DynamicQuantizeLinear_{nodes++}");
        Add("DynamicQuantizeLinear", [name, name + "_scale", name + "_zero"], [x], []);
        return (new(name, ElementType.UInt8), new(name + "_scale", ElementType.Float32), new(name + "_zero", ElementType.UInt8));
    }

    public Value Cast(Value x, ElementType type) => x.Type == type ? x : Node("Cast", type, [x], ("to", (int)type));

    private Value Constant(ElementType type, ReadOnlySpan<byte> bytes, long[] shape)
    {
        byte[] copy = bytes.ToArray();
        string name = $"constant_{type}_{string.Join('x', shape)}_{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(copy))[..16]}";
        return Initializer(name, type, shape, stream => stream.Write(copy));
    }

    private void Add(string op, string[] outputs, Value[] inputs, (string Name, object Value)[] attributes)
    {
        var node = new NodeProto { Name = outputs[0], OpType = op };
        node.Input.Add(inputs.Select(input => input.Name));
        node.Output.Add(outputs);
        node.Attribute.Add(attributes.Select(attribute => Attribute(attribute.Name, attribute.Value)));
        Proto.Node.Add(node);
    }

    private static AttributeProto Attribute(string name, object value) => value switch
    {
        int integer => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = integer },
        float number => new() { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = number },
        string text => new() { Name = name, Type = AttributeProto.Types.AttributeType.String, S = ByteString.CopyFromUtf8(text) },
        int[] integers => new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { integers.Select(integer => (long)integer) } },
        _ => throw new ArgumentException($"An attribute cannot be {value}.", nameof(value)),
    };

    private static ValueInfoProto Info(string name, ElementType type, object[] shape)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = new() };
        tensor.Shape.Dim.Add(shape.Select(size => size is string text
            ? new TensorShapeProto.Types.Dimension { DimParam = text }
            : new TensorShapeProto.Types.Dimension { DimValue = Convert.ToInt64(size, CultureInfo.InvariantCulture) }));
        return new() { Name = name, Type = new() { TensorType = tensor } };
    }
}
