using System.Security.Cryptography;
using Google.Protobuf;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Checkpoints;

/// <summary>The float32 initializers of one ONNX file that is known by its checksum.</summary>
internal sealed class OnnxParameters : IParameterSource
{
    private const int Graph = 7, Initializer = 5, Dimension = 1, FloatData = 4, Name = 8; // fields of ModelProto, GraphProto and TensorProto

    private readonly Dictionary<string, (long[] Shape, ByteString Data)> initializers = new(StringComparer.Ordinal);
    private readonly string path;

    /// <param name="path">The file.</param>
    /// <param name="sha256">Its checksum, in lower case.</param>
    /// <exception cref="CheckpointException">The file cannot be read, or is another.</exception>
    public OnnxParameters(string path, string sha256)
    {
        this.path = path;
        try
        {
            using FileStream file = File.OpenRead(path);
            string found = Convert.ToHexStringLower(SHA256.HashData(file));
            if (found != sha256)
                throw new CheckpointException($"{path} has the SHA-256 {found}, and not {sha256}.");
            file.Position = 0;
            foreach (ByteString graph in Messages(new(file, leaveOpen: true), Graph))
            {
                foreach (ByteString tensor in Messages(graph.CreateCodedInput(), Initializer))
                    Add(tensor.CreateCodedInput());
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path} cannot be read: {fault.Message}", fault);
        }
    }

    public Tensor Get(string name, long[] shape, Initializer initializer)
    {
        if (!initializers.TryGetValue(name, out (long[] Shape, ByteString Data) entry) || !entry.Shape.SequenceEqual(shape))
            throw new CheckpointException($"{path} has no {name} of [{string.Join(", ", shape)}].");
        Tensor result = empty(shape, dtype: ScalarType.Float32);
        TensorBytes.Copy(entry.Data.Span, result, 0);
        return result;
    }

    private void Add(CodedInputStream tensor)
    {
        string name = "";
        var shape = new List<long>();
        ByteString data = ByteString.Empty;
        for (uint tag = tensor.ReadTag(); tag != 0; tag = tensor.ReadTag())
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case Dimension:
                    shape.Add(tensor.ReadInt64());
                    break;
                case FloatData:
                    data = tensor.ReadBytes();
                    break;
                case Name:
                    name = tensor.ReadString();
                    break;
                default:
                    tensor.SkipLastField();
                    break;
            }
        }
        initializers[name] = ([.. shape], data);
    }

    private static IEnumerable<ByteString> Messages(CodedInputStream input, int wanted)
    {
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (WireFormat.GetTagFieldNumber(tag) == wanted)
                yield return input.ReadBytes();
            else
                input.SkipLastField();
        }
    }
}
