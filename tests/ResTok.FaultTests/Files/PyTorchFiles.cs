using ICSharpCode.SharpZipLib.Zip;

namespace ResTok.FaultTests.Files;

/// <summary>Small files of torch.save in both formats.</summary>
internal static class PyTorchFiles
{
    /// <summary>A state dict of three tensors: contiguous, transposed, and a slice of a shared storage.</summary>
    public static byte[] StateDict() => new PickleBuilder().Raw("\x80\x02}q\0(")
        .Text("a.weight").Tensor("FloatStorage", "0", 12, 0, [3, 4], [4, 1]).Raw("q\x01")
        .Text("b.weight").Tensor("FloatStorage", "0", 12, 0, [4, 3], [1, 4])
        .Text("c.bias").Tensor("HalfStorage", "1", 6, 2, [4], [1])
        .Text("again").Raw("h\x01")
        .Raw("u").Stop();

    public static (string Key, byte[] Data)[] Storages() => [("0", [.. Enumerable.Range(0, 48).Select(i => (byte)i)]), ("1", new byte[12])];

    /// <summary>The archive that torch.save writes since PyTorch 1.6.</summary>
    public static byte[] Archive(byte[] pickle, IEnumerable<(string Name, byte[] Data)> entries, bool compressed = false)
    {
        var stream = new MemoryStream();
        using (var zip = new ZipOutputStream(stream) { IsStreamOwner = false, UseZip64 = UseZip64.Off })
        {
            zip.SetLevel(compressed ? 9 : 0);
            foreach ((string name, byte[] data) in entries.Prepend(("archive/data.pkl", pickle)))
            {
                var entry = new ZipEntry(name) { CompressionMethod = compressed ? CompressionMethod.Deflated : CompressionMethod.Stored, Size = data.Length };
                zip.PutNextEntry(entry);
                zip.Write(data);
                zip.CloseEntry();
            }
        }
        return stream.ToArray();
    }

    public static byte[] Archive(byte[] pickle) => Archive(pickle,
        [.. Storages().Select(storage => ("archive/data/" + storage.Key, storage.Data)), ("archive/version", "3\n"u8.ToArray()), ("archive/byteorder", "little"u8.ToArray())]);

    /// <summary>The format before: five pickles and then the storages.</summary>
    public static byte[] Legacy(byte[] pickle)
    {
        var stream = new MemoryStream();
        stream.Write(new PickleBuilder().Raw("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19").Stop());
        stream.Write(new PickleBuilder().Raw("\x80\x02M\xe9\x03").Stop());
        stream.Write(new PickleBuilder().Raw("\x80\x02}(").Text("little_endian").Raw("\x88u").Stop());
        stream.Write(pickle);
        stream.Write(new PickleBuilder().Raw("\x80\x02](").Text("0").Text("1").Raw("e").Stop());
        foreach ((string key, byte[] data) in Storages())
        {
            stream.Write(BitConverter.GetBytes((long)data.Length / (key == "0" ? 4 : 2)));
            stream.Write(data);
        }
        return stream.ToArray();
    }
}
