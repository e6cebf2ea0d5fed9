using System.Buffers.Binary;
using System.Text;
using ICSharpCode.SharpZipLib.Zip;
using ResTok.Models.Checkpoints;

namespace ResTok.Models.Tests.Checkpoints;

/// <summary>Small files that claim to be large ones are refused before memory is taken for them. Each was found by ResTok.FaultTests.</summary>
public class HostileSizesTests
{
    [Theory]
    [InlineData("F64", "[34359738368]", 1L << 38, "ends before its last tensor")]
    [InlineData("F32", "[1125899906842624]", 1L << 52, "ends before its last tensor")]
    [InlineData("F32", "[0,9223372036854775807,9223372036854775807]", 0, "more bytes than any file")]
    public void A_stream_of_safetensors_is_not_believed(string type, string shape, long bytes, string why)
    {
        using var stream = new MemoryStream(Safetensors(type, shape, bytes));
        Assert.Contains(why, Assert.Throws<CheckpointException>(() => Checkpoint.Read(stream, "weights").Dispose()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_without_a_length_is_not_believed_either()
    {
        using var stream = new ForwardOnly(Safetensors("F32", "[1125899906842624]", 1L << 52));
        Assert.Contains("no memory", Assert.Throws<CheckpointException>(() => Checkpoint.Read(stream, "weights").Dispose()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_compressed_pickle_is_refused_unread()
    {
        using var folder = new TemporaryFolder();
        WriteArchive(folder["pytorch_model.bin"], CompressionMethod.Deflated, new byte[10_000_000], "little");
        AssertRefused(folder["pytorch_model.bin"], "compressed 'archive/data.pkl'");
    }

    [Fact]
    public void A_byte_order_of_megabytes_is_refused()
    {
        using var folder = new TemporaryFolder();
        WriteArchive(folder["pytorch_model.bin"], CompressionMethod.Stored, "}."u8.ToArray(), new string('x', 1 << 20));
        AssertRefused(folder["pytorch_model.bin"], "longer than 100 characters");
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_pickle_of_millions_of_objects_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["pytorch_model.bin"], [.. Enumerable.Repeat((byte)']', 4_000_001), (byte)'.']);
        AssertRefused(folder["pytorch_model.bin"], "more than 4000000 steps");
    }

    [Fact]
    public void Empty_tensors_in_odd_places_are_read_as_empty_or_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["pytorch_model.bin"], Archive(folder, offset: long.MaxValue, [0, 2], [7, 7]));
        using (Checkpoint checkpoint = Checkpoint.Open(folder["pytorch_model.bin"]))
        using (TorchSharp.torch.Tensor tensor = checkpoint.GetTensor("a"))
            Assert.Equal([0, 2], tensor.shape);
        File.WriteAllBytes(folder["pytorch_model.bin"], Archive(folder, offset: 0, [0, long.MaxValue, long.MaxValue], [1, 1, 1]));
        AssertRefused(folder["pytorch_model.bin"], "reaches beyond its storage");
    }

    [Fact]
    public void A_broken_compressed_block_is_damage()
    {
        using var folder = new TemporaryFolder();
        WriteArchive(folder["pytorch_model.bin"], CompressionMethod.Stored, "}."u8.ToArray(), "little", CompressionMethod.Deflated);
        byte[] bytes = File.ReadAllBytes(folder["pytorch_model.bin"]);
        int order = bytes.AsSpan().IndexOf("archive/byteorder"u8) + "archive/byteorder".Length;
        bytes.AsSpan(order, 2).Fill(0xff); // the compressed bytes
        File.WriteAllBytes(folder["pytorch_model.bin"], bytes);
        Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder["pytorch_model.bin"]).Dispose());
    }

    [Theory]
    [InlineData("model.safetensors.index.json", "longer than")]
    [InlineData("model.safetensors", "claims 0 bytes")]
    [InlineData("pytorch_model.bin", "opcode 0x00")]
    public void A_link_to_a_device_that_never_ends_is_refused(string name, string why)
    {
        if (OperatingSystem.IsWindows())
            return; // it has no such files
        using var folder = new TemporaryFolder();
        File.CreateSymbolicLink(folder[name], "/dev/zero");
        AssertRefused(folder[name], why);
    }

    private static void AssertRefused(string file, string why) =>
        Assert.Contains(why, Assert.Throws<CheckpointException>(() => Checkpoint.Open(file).Dispose()).Message, StringComparison.Ordinal);

    private static byte[] Safetensors(string type, string shape, long bytes)
    {
        byte[] json = Encoding.UTF8.GetBytes($"{{\"a\":{{\"dtype\":\"{type}\",\"shape\":{shape},\"data_offsets\":[0,{bytes}]}}}}");
        byte[] file = new byte[8 + json.Length + 4];
        BinaryPrimitives.WriteInt64LittleEndian(file, json.Length);
        json.CopyTo(file, 8);
        return file;
    }

    /// <summary>An archive with one tensor 'a' over a storage of 12 floats.</summary>
    private static byte[] Archive(TemporaryFolder folder, long offset, long[] shape, long[] strides)
    {
        using var pickle = new MemoryStream();
        void Raw(string latin1) => pickle.Write(Encoding.Latin1.GetBytes(latin1));
        void Text(string text) => Raw($"X{(char)text.Length}\0\0\0{text}");
        void Integers(params long[] values)
        {
            foreach (long value in values)
                pickle.Write([0x8a, 8, .. BitConverter.GetBytes(value)]);
        }
        Raw("}(");
        Text("a");
        Raw("ctorch._utils\n_rebuild_tensor_v2\n((");
        Text("storage");
        Raw("ctorch\nFloatStorage\n");
        Text("0");
        Text("cpu");
        Integers(12);
        Raw("tQ");
        Integers(offset);
        Raw("(");
        Integers(shape);
        Raw("t(");
        Integers(strides);
        Raw("t\u0089ccollections\nOrderedDict\n)RtRu.");
        WriteArchive(folder["archive"], CompressionMethod.Stored, pickle.ToArray(), "little");
        return File.ReadAllBytes(folder["archive"]);
    }

    private static void WriteArchive(string file, CompressionMethod method, byte[] pickle, string byteOrder, CompressionMethod orderMethod = CompressionMethod.Stored)
    {
        using var zip = new ZipOutputStream(File.Create(file)) { UseZip64 = UseZip64.Off };
        Add("archive/data.pkl", pickle, method);
        Add("archive/byteorder", Encoding.ASCII.GetBytes(byteOrder), orderMethod);
        Add("archive/data/0", new byte[48], CompressionMethod.Stored);
        void Add(string name, byte[] bytes, CompressionMethod how)
        {
            zip.PutNextEntry(new ZipEntry(name) { CompressionMethod = how, Size = bytes.Length });
            zip.Write(bytes);
            zip.CloseEntry();
        }
    }

    private sealed class ForwardOnly(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
