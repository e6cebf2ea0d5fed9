using System.Text;

namespace ResTok.FaultTests.Files;

/// <summary>Pickles of state dicts, opcode by opcode, as torch.save writes them.</summary>
internal sealed class PickleBuilder
{
    private readonly MemoryStream bytes = new();

    public PickleBuilder Raw(string latin1)
    {
        bytes.Write(Encoding.Latin1.GetBytes(latin1));
        return this;
    }

    public PickleBuilder Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        bytes.WriteByte((byte)'X');
        bytes.Write(BitConverter.GetBytes(utf8.Length));
        bytes.Write(utf8);
        return this;
    }

    public PickleBuilder Integer(long value)
    {
        bytes.Write([0x8a, 8]);
        bytes.Write(BitConverter.GetBytes(value));
        return this;
    }

    public PickleBuilder Tuple(params IEnumerable<long> values)
    {
        Raw("(");
        foreach (long value in values)
            Integer(value);
        return Raw("t");
    }

    /// <summary>A tensor on a storage: REDUCE of _rebuild_tensor_v2 over a persistent id.</summary>
    public PickleBuilder Tensor(string type, string key, long elements, long offset, long[] shape, long[] strides)
    {
        Raw("ctorch._utils\n_rebuild_tensor_v2\n((").Text("storage").Raw($"ctorch\n{type}\n").Text(key).Text("cpu").Integer(elements).Raw("tQ");
        return Integer(offset).Tuple(shape).Tuple(strides).Raw("\x89" + "ccollections\nOrderedDict\n)RtR");
    }

    public byte[] Stop()
    {
        Raw(".");
        return bytes.ToArray();
    }
}
