using System.Globalization;
using Google.Protobuf;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet.Onnx.Format;

/// <summary>
/// Writes a graph as an ONNX file. Its constants go from the model's memory to the file one by one, into the file itself or into one
/// beside it: the format's own file ends at 2 GB.
/// </summary>
internal static class OnnxFile
{
    /// <summary>The operators are those of opset 17, which runtimes have had since 2022.</summary>
    public const int Opset = 17;

    /// <summary>Of the format, that of this opset.</summary>
    public const long IrVersion = 8;

    /// <summary>Constants of so many bytes together lie beside the file, where the runtime maps them and needs no second copy.</summary>
    public const long MostInside = 1L << 30;

    private const long SmallTensor = 1024; // bytes; smaller ones stay inside in any case, as shapes are inferred from them
    private const long Page = 4096; // what can be mapped starts at a multiple of it

    /// <summary>The files to write, whole or not at all: see <see cref="AtomicFile"/>.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="path">The file.</param>
    /// <param name="external">Whether constants lie beside it, in a file of the same name with <c>.data</c> after it; null where they are more than 1 GB.</param>
    /// <param name="metadata">What the file says of itself.</param>
    public static IEnumerable<(string Path, Action<Stream> Write)> Files(OnnxGraph graph, string path, bool? external, IReadOnlyDictionary<string, string> metadata)
    {
        long bytes = graph.Initializers.Sum(initializer => initializer.Bytes);
        bool outside = external ?? bytes > MostInside;
        if (!outside && bytes > int.MaxValue - (1 << 24))
            throw new ArgumentException($"{Path.GetFileName(path)} has {bytes} bytes of weights, but an ONNX file can hold only 2 GB. Leave ExternalData null or set it to true.", nameof(external));
        if (outside)
            yield return (path + ".data", stream => WriteData(graph, stream));
        yield return (path, stream => WriteModel(graph, stream, outside ? Path.GetFileName(path) + ".data" : null, metadata));
    }

    private static bool LiesOutside(Initializer initializer) => initializer.Bytes >= SmallTensor;

    private static void WriteData(OnnxGraph graph, Stream stream)
    {
        foreach (Initializer initializer in graph.Initializers.Where(LiesOutside))
        {
            stream.Write(new byte[Padding(stream.Position)]);
            initializer.Write(stream);
        }
    }

    private static long Padding(long position) => (Page - position % Page) % Page;

    /// <summary>
    /// Message by message, so that no message that holds weights is ever in memory. Parts of a message may come in any order: what has no
    /// weights first.
    /// </summary>
    private static void WriteModel(OnnxGraph graph, Stream stream, string? dataFile, IReadOnlyDictionary<string, string> metadata)
    {
        var model = new ModelProto { IrVersion = IrVersion, ProducerName = "ResTok.MLNet", ProducerVersion = typeof(OnnxFile).Assembly.GetName().Version!.ToString(3) };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = Opset });
        model.MetadataProps.Add(metadata.Select(item => new StringStringEntryProto { Key = item.Key, Value = item.Value }));
        var tensors = new List<(TensorProto Head, long Inside, Action<Stream>? Write)>();
        long offset = 0;
        foreach (Initializer initializer in graph.Initializers)
        {
            var head = new TensorProto { Name = initializer.Name, DataType = (int)initializer.Type, Dims = { initializer.Shape } };
            if (dataFile is null || !LiesOutside(initializer))
            {
                tensors.Add((head, initializer.Bytes, initializer.Write));
                continue;
            }
            offset += Padding(offset);
            head.DataLocation = TensorProto.Types.DataLocation.External;
            foreach ((string key, string value) in new[] { ("location", dataFile), ("offset", Text(offset)), ("length", Text(initializer.Bytes)) })
                head.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
            tensors.Add((head, 0, null));
            offset += initializer.Bytes;
        }

        var output = new CodedOutputStream(stream, leaveOpen: true);
        model.WriteTo(output);
        output.WriteTag(ModelProto.GraphFieldNumber, WireFormat.WireType.LengthDelimited);
        output.WriteUInt64((ulong)(graph.Proto.CalculateSize() + tensors.Sum(tensor => Delimited(Size(tensor.Head, tensor.Inside, tensor.Write)))));
        graph.Proto.WriteTo(output);
        foreach ((TensorProto head, long inside, Action<Stream>? write) in tensors)
        {
            output.WriteTag(GraphProto.InitializerFieldNumber, WireFormat.WireType.LengthDelimited);
            output.WriteUInt64((ulong)Size(head, inside, write));
            head.WriteTo(output);
            if (write is null)
                continue;
            output.WriteTag(TensorProto.RawDataFieldNumber, WireFormat.WireType.LengthDelimited);
            output.WriteUInt64((ulong)inside);
            output.Flush();
            write(stream);
        }
        output.Flush();
    }

    private static long Size(TensorProto head, long inside, Action<Stream>? write) => head.CalculateSize() + (write is null ? 0 : Delimited(inside));

    /// <summary>Bytes of a field of so many bytes with its tag, which takes one, and its length.</summary>
    private static long Delimited(long bytes) => 1 + CodedOutputStream.ComputeUInt64Size((ulong)bytes) + bytes;

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
