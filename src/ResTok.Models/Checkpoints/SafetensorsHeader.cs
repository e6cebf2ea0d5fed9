using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using static TorchSharp.torch;

namespace ResTok.Models.Checkpoints;

/// <summary>The header of a safetensors file, fully checked before any tensor is handed out.</summary>
internal sealed record SafetensorsHeader(long DataStart, IReadOnlyList<(TensorEntry Entry, long Start, long End)> Tensors)
{
    private const long LongestHeader = 100_000_000; // the official limit

    private static readonly Dictionary<string, ScalarType> DataTypes = new(StringComparer.Ordinal)
    {
        ["F64"] = ScalarType.Float64, ["F32"] = ScalarType.Float32, ["F16"] = ScalarType.Float16, ["BF16"] = ScalarType.BFloat16,
        ["I64"] = ScalarType.Int64, ["I32"] = ScalarType.Int32, ["I16"] = ScalarType.Int16, ["I8"] = ScalarType.Int8,
        ["U8"] = ScalarType.Byte, ["BOOL"] = ScalarType.Bool,
    };

    /// <summary>Bytes of all tensors together.</summary>
    public long DataBytes => Tensors.Count > 0 ? Tensors[^1].End : 0;

    /// <summary>The format's name for a number format.</summary>
    public static string NameOf(ScalarType dataType) => DataTypes.First(entry => entry.Value == dataType).Key;

    /// <param name="stream">At its start; left where the data begin.</param>
    /// <param name="source">The file's name, for messages.</param>
    /// <param name="length">Bytes in the whole file, or null where unknown.</param>
    /// <exception cref="CheckpointException">The header is not valid.</exception>
    public static SafetensorsHeader Read(Stream stream, string source, long? length)
    {
        var head = new byte[512]; // of another file, the beginning says which
        int got = stream.ReadAtLeast(head.AsSpan(0, 8), 8, throwOnEndOfStream: false);
        ulong size = got < 8 ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(head);
        if (size > LongestHeader || size < 2 || (length is { } all && (long)size > all - 8))
        {
            got += stream.ReadAtLeast(head.AsSpan(got), head.Length - got, throwOnEndOfStream: false);
            throw Foreign(source, head.AsSpan(0, got)) ?? Fault(source, got < 8 ? "it has fewer than 8 bytes" : $"its header claims {size} bytes");
        }
        byte[] json = new byte[size];
        if (stream.ReadAtLeast(json, json.Length, throwOnEndOfStream: false) < json.Length)
            throw Fault(source, "it ends inside its header");
        List<(TensorEntry Entry, long Start, long End)> tensors;
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new() { MaxDepth = 8, AllowDuplicateProperties = false });
            tensors = [.. document.RootElement.EnumerateObject().Where(item => item.Name != "__metadata__").Select(item => ReadEntry(item, source))];
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw Foreign(source, [.. head.AsSpan(0, 8), .. json.AsSpan(0, Math.Min(json.Length, head.Length))])
                ?? Fault(source, $"its header is not what the format asks for ({fault.Message})", fault);
        }

        tensors.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.End.CompareTo(b.End));
        long covered = 0;
        foreach ((TensorEntry entry, long start, long end) in tensors)
        {
            if (start != covered)
                throw Fault(source, $"'{entry.Name}' starts at byte {start} of the data, where {covered} was expected");
            covered = end;
        }
        long dataStart = 8 + (long)size;
        if (length is { } whole && dataStart + covered != whole)
            throw Fault(source, $"its header describes {covered} bytes of data, but it has {whole - dataStart}");
        return new(dataStart, tensors);
    }

    private static (TensorEntry, long, long) ReadEntry(JsonProperty item, string source)
    {
        string type = item.Value.GetProperty("dtype").GetString() ?? "null";
        if (!DataTypes.TryGetValue(type, out ScalarType dataType))
            throw Fault(source, $"'{item.Name}' has dtype {type}; known are {string.Join(", ", DataTypes.Keys)}");
        long[] shape = [.. item.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
        long[] offsets = [.. item.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
        if (offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0] || shape.Length > 16 || shape.Any(size => size < 0))
            throw Fault(source, $"'{item.Name}' has an impossible shape or place");
        System.Int128 bytes = MappedFile.SizeOf(dataType);
        foreach (long size in shape)
        {
            bytes *= Math.Max(size, 1); // beside a 0 too: libtorch multiplies the others
            if (bytes > long.MaxValue)
                throw Fault(source, $"'{item.Name}' claims more bytes than any file has");
        }
        if (shape.Contains(0))
            bytes = 0;
        if (offsets[1] - offsets[0] != bytes)
            throw Fault(source, $"'{item.Name}' needs {bytes} bytes for {type} [{string.Join(", ", shape)}], but is given {offsets[1] - offsets[0]}");
        return (new(item.Name, dataType, shape), offsets[0], offsets[1]);
    }

    private static CheckpointException? Foreign(string source, ReadOnlySpan<byte> start) =>
        ForeignFile.Describe(start, source) is { } foreign ? new($"{source} is no safetensors file, but {foreign}") : null;

    private static CheckpointException Fault(string source, string what, Exception? inner = null) =>
        new($"{source} is not a valid safetensors file: {what}. Download or export it again.", inner);
}
