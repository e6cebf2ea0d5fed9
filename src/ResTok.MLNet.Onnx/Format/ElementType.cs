namespace ResTok.MLNet.Onnx.Format;

/// <summary>Number formats, with the values that the ONNX format gives them.</summary>
internal enum ElementType
{
    Float32 = 1,
    UInt8 = 2,
    Int8 = 3,
    Int32 = 6,
    Int64 = 7,
    Bool = 9,
    Float16 = 10,
    BFloat16 = 16,
}

/// <summary>A tensor in a graph: what a node, an input or an initializer gives.</summary>
internal readonly record struct Value(string Name, ElementType Type);

/// <summary>A constant of a graph, and how to write its elements, little-endian and row by row.</summary>
internal sealed record Initializer(string Name, ElementType Type, IReadOnlyList<long> Shape, Action<Stream> Write)
{
    public long Bytes => Shape.Aggregate(1L, (product, size) => product * size) * Type switch
    {
        ElementType.Int64 => 8,
        ElementType.Float32 => 4,
        ElementType.Float16 or ElementType.BFloat16 => 2,
        _ => 1,
    };
}
