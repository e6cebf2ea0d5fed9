using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>The head of an array in numpy's file format, versions 1 to 3: what it holds, and in which order.</summary>
/// <param name="Type">Of its elements.</param>
/// <param name="Shape">Of the array.</param>
/// <param name="IsFortranOrder">Whether the first axis runs fastest.</param>
internal sealed partial record NpyArray(ScalarType Type, long[] Shape, bool IsFortranOrder)
{
    private const int MostHead = 1 << 20;
    private static readonly (string Name, ScalarType Type, int Size)[] Types =
        [("|u1", ScalarType.Byte, 1), ("<f4", ScalarType.Float32, 4), ("<f8", ScalarType.Float64, 8), ("<i8", ScalarType.Int64, 8), ("<i4", ScalarType.Int32, 4)];

    private int ElementSize => Types.Single(type => type.Type == Type).Size;

    /// <summary>Reads the head; the stream then stands at the first element.</summary>
    /// <param name="stream">The array.</param>
    /// <param name="source">What messages call it.</param>
    /// <exception cref="InvalidDataException">It is no such array, or one of other elements.</exception>
    public static NpyArray ReadHead(Stream stream, string source)
    {
        Span<byte> start = stackalloc byte[12];
        ReadExactly(stream, start[..8], source);
        if (start[0] != 0x93 || !start[1..6].SequenceEqual("NUMPY"u8))
            throw new InvalidDataException($"{source} is no array of numpy (.npy).");
        bool isLong = start[6] >= 2;
        ReadExactly(stream, start.Slice(8, isLong ? 4 : 2), source);
        long length = isLong ? BinaryPrimitives.ReadUInt32LittleEndian(start[8..]) : BinaryPrimitives.ReadUInt16LittleEndian(start[8..]);
        if (start[6] is 0 or > 3 || length > MostHead)
            throw new InvalidDataException($"{source} has a head of version {start[6]} and {length} bytes, which no version of numpy writes.");
        var head = new byte[length];
        ReadExactly(stream, head, source);
        Match fields = Head().Match(Encoding.UTF8.GetString(head));
        if (!fields.Success)
            throw new InvalidDataException($"{source} has a head that is not numpy's: {Encoding.UTF8.GetString(head).Trim()}");
        string name = fields.Groups["type"].Value;
        (_, ScalarType type, int size) = Types.FirstOrDefault(type => type.Name == name);
        if (size == 0)
            throw new InvalidDataException($"{source} holds elements of '{name}'; those that can be read are {string.Join(", ", Types.Select(type => type.Name))}.");
        long[] shape = [.. fields.Groups["shape"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(axis => long.Parse(axis, CultureInfo.InvariantCulture))];
        return new(type, shape, fields.Groups["order"].Value == "True");
    }

    /// <summary>Writes the head of an array in C order, as numpy does; the elements come after it.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="type">Of the elements, such as <c>|u1</c>.</param>
    /// <param name="shape">As Python writes a tuple.</param>
    public static void WriteHead(Stream stream, string type, string shape)
    {
        string head = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}";
        head = head.PadRight((10 + head.Length + 1 + 63) / 64 * 64 - 11) + "\n"; // the elements start at a multiple of 64
        stream.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)head.Length, (byte)(head.Length >> 8), .. Encoding.ASCII.GetBytes(head)]);
    }

    /// <summary>Reads all elements, in C order.</summary>
    /// <exception cref="InvalidDataException">The array is cut short, or too large for memory.</exception>
    public Tensor ReadAll(Stream stream, string source)
    {
        long[] stored = IsFortranOrder ? [.. Shape.Reverse()] : Shape;
        Tensor array = Read(stream, stored, source);
        if (!IsFortranOrder || Shape.Length < 2)
            return array;
        Tensor turned = array.permute([.. Enumerable.Range(0, Shape.Length).Select(axis => (long)(Shape.Length - 1 - axis))]).contiguous();
        array.Dispose();
        return turned;
    }

    /// <summary>Reads the next elements.</summary>
    /// <param name="stream">Standing at them.</param>
    /// <param name="shape">Of what is read.</param>
    /// <param name="source">What messages call it.</param>
    /// <exception cref="InvalidDataException">The array is cut short, or too large for memory.</exception>
    public Tensor Read(Stream stream, long[] shape, string source)
    {
        double bytes = shape.Aggregate((double)ElementSize, (product, size) => product * size);
        if (bytes > Array.MaxLength)
            throw new InvalidDataException($"{source} has {bytes} bytes in one piece, which is more than can be read at once.");
        var buffer = new byte[(long)bytes];
        ReadExactly(stream, buffer, source);
        Tensor result = empty(shape, dtype: Type);
        result.bytes = buffer;
        return result;
    }

    private static void ReadExactly(Stream stream, Span<byte> buffer, string source)
    {
        if (stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false) < buffer.Length)
            throw new InvalidDataException($"{source} is cut short. Copy or download it again.");
    }

    [GeneratedRegex(@"^\{\s*'descr':\s*'(?<type>[^']+)',\s*'fortran_order':\s*(?<order>True|False),\s*'shape':\s*\((?<shape>(\s*\d{1,18}\s*,?)*\s*)\),?\s*\}\s*$")]
    private static partial Regex Head();
}
