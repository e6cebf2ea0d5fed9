using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Checkpoints;

/// <summary>
/// Writes a state dict as <c>torch.save</c> does: an archive of a pickle that names shapes, and of the tensors' bytes. Only what
/// <see cref="PickleReader"/> allows is in it.
/// </summary>
internal static class PyTorchWriter
{
    private const string Folder = "archive/";
    private static readonly DateTimeOffset NoTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero); // the same model is the same file

    /// <param name="stream">Written from where it stands; left open.</param>
    /// <param name="tensors">Floating tensors on any device, in the order to write them.</param>
    public static void Write(Stream stream, IReadOnlyCollection<KeyValuePair<string, Tensor>> tensors)
    {
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        Add(archive, "data.pkl", target => target.Write(Pickle(tensors)));
        Add(archive, "byteorder", target => target.Write("little"u8));
        int key = 0;
        foreach ((_, Tensor tensor) in tensors)
        {
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            Tensor bytes = tensor.detach().cpu().contiguous();
            Add(archive, $"data/{key++}", target => TensorBytes.Write(bytes, target));
        }
        Add(archive, "version", target => target.Write("3\n"u8));
    }

    private static void Add(ZipArchive archive, string name, Action<Stream> write)
    {
        ZipArchiveEntry entry = archive.CreateEntry(Folder + name, CompressionLevel.NoCompression);
        entry.LastWriteTime = NoTime;
        using Stream target = entry.Open();
        write(target);
    }

    private static byte[] Pickle(IReadOnlyCollection<KeyValuePair<string, Tensor>> tensors)
    {
        using var stream = new MemoryStream();
        stream.Write([0x80, 2]); // PROTO
        Dictionary(stream);
        stream.WriteByte((byte)'('); // MARK
        int key = 0;
        foreach ((string name, Tensor tensor) in tensors)
        {
            Text(stream, name);
            Global(stream, "torch._utils", "_rebuild_tensor_v2");
            stream.WriteByte((byte)'(');
            stream.WriteByte((byte)'('); // ('storage', type, key, device, elements)
            Text(stream, "storage");
            Global(stream, "torch", StorageOf(tensor.dtype));
            Text(stream, key++.ToString(System.Globalization.CultureInfo.InvariantCulture));
            Text(stream, "cpu");
            Integer(stream, tensor.numel());
            stream.Write([(byte)'t', (byte)'Q']); // TUPLE, BINPERSID
            Integer(stream, 0); // where the tensor starts in its storage
            Tuple(stream, tensor.shape);
            Tuple(stream, Strides(tensor.shape));
            stream.WriteByte(0x89); // NEWFALSE: no gradient is asked for
            Dictionary(stream); // backward hooks
            stream.Write([(byte)'t', (byte)'R']); // TUPLE, REDUCE
        }
        stream.Write([(byte)'u', (byte)'.']); // SETITEMS, STOP
        return stream.ToArray();
    }

    private static string StorageOf(ScalarType type) => type switch
    {
        ScalarType.Float32 => "FloatStorage",
        ScalarType.BFloat16 => "BFloat16Storage",
        ScalarType.Float16 => "HalfStorage",
        _ => throw new ArgumentException($"A weight is {type}, but must be floating.", nameof(type)),
    };

    private static long[] Strides(long[] shape)
    {
        var strides = new long[shape.Length];
        long stride = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= shape[i];
        }
        return strides;
    }

    private static void Dictionary(Stream stream)
    {
        Global(stream, "collections", "OrderedDict");
        stream.Write([(byte)')', (byte)'R']); // EMPTY_TUPLE, REDUCE
    }

    private static void Global(Stream stream, string module, string name) => stream.Write(Encoding.ASCII.GetBytes($"c{module}\n{name}\n"));

    private static void Tuple(Stream stream, long[] values)
    {
        stream.WriteByte((byte)'(');
        foreach (long value in values)
            Integer(stream, value);
        stream.WriteByte((byte)'t');
    }

    private static void Text(Stream stream, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> head = [(byte)'X', 0, 0, 0, 0]; // BINUNICODE
        BinaryPrimitives.WriteInt32LittleEndian(head[1..], bytes.Length);
        stream.Write(head);
        stream.Write(bytes);
    }

    private static void Integer(Stream stream, long value)
    {
        Span<byte> bytes = stackalloc byte[10];
        if (value <= int.MaxValue)
        {
            bytes[0] = (byte)'J'; // BININT
            BinaryPrimitives.WriteInt32LittleEndian(bytes[1..], (int)value);
            stream.Write(bytes[..5]);
            return;
        }
        (bytes[0], bytes[1]) = (0x8a, 8); // LONG1
        BinaryPrimitives.WriteInt64LittleEndian(bytes[2..], value);
        stream.Write(bytes);
    }
}
