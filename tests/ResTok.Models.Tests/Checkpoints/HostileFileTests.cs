using System.Buffers.Binary;
using System.Text;
using ResTok.Models.Checkpoints;

namespace ResTok.Models.Tests.Checkpoints;

/// <summary>Damaged and malicious files end in a <see cref="CheckpointException"/> that says what is wrong.</summary>
public class HostileFileTests
{
    [Theory]
    [InlineData("", "fewer than 8 bytes")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "has 0", 0)]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "has 9", 9)]
    [InlineData("{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]}}", "dtype F8_E4M3")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", "needs 8 bytes")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", "impossible shape")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", "impossible shape")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,4]}}", "more bytes than any file")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[1,4]}}", "where 2 was expected")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[3,4]}}", "where 1 was expected")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[4,4]}}", "not what the format asks for")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,4]}}", "not what the format asks for")]
    [InlineData("[1,2]", "not what the format asks for")]
    [InlineData("{\"a\":", "not what the format asks for")]
    public void Safetensors_headers(string header, string why, int data = 4)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] file = new byte[header.Length == 0 ? 5 : 8 + json.Length + data];
        if (header.Length > 0)
            BinaryPrimitives.WriteInt64LittleEndian(file, json.Length);
        json.CopyTo(file.AsSpan(header.Length == 0 ? 0 : 8));
        AssertRefused(file, "model.safetensors", why);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    [InlineData(200_000_000UL)]
    [InlineData(9UL)]
    public void Safetensors_header_lengths(ulong length)
    {
        byte[] file = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        AssertRefused(file, "model.safetensors", $"its header claims {length} bytes");
    }

    public static TheoryData<string, string> Pickles => new()
    {
        { "cposix\nsystem\n(S'id'\ntR.", "use posix.system" },
        { "\u0080\u0002cbuiltins\neval\nX\u0004\0\0\0exit\u0085R.", "use builtins.eval" },
        { "(S'id'\nios\nsystem\n.", "opcode 0x53" },
        { "(ios\nsystem\n.", "opcode 0x69" },
        { "(cos\nsystem\no.", "use os.system" },
        { "ccollections\nOrderedDict\n)\u0081.", "opcode 0x81" },
        { "ccollections\nOrderedDict\n(K\u0001tR.", "arguments it does not take" },
        { "ccollections\nOrderedDict\n}b.", "set the attributes" },
        { "\u008c\u0002os\u008c\u0006system\u0093.", "use os.system" },
        { "h\u0005.", "never stored" },
        { "t.", "lacks a mark" },
        { ".", "stack is empty" },
        { "}K\u0001", "ends early" },
        { "X\u00ff\u00ff\u00ff\u00ff", "claims 4294967295 bytes" },
        { "K\u0005Q.", "unknown way" },
        { "}", "ends early" },
    };

    [Theory]
    [MemberData(nameof(Pickles))]
    public void Pickles_run_nothing(string pickle, string why) => AssertRefused(Encoding.Latin1.GetBytes(pickle), "pytorch_model.bin", why);

    [Fact]
    [Trait("Category", "Slow")]
    public void Truncated_files_are_refused_at_any_length()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in new[] { "pytorch_model.bin", "pytorch_model.legacy_nonzip.bin", "model.safetensors" })
        {
            byte[] whole = File.ReadAllBytes(Path.Combine(TestData.TinyGenerator, name));
            for (int i = 1; i <= 20; i++)
            {
                File.WriteAllBytes(folder[name], whole[..(whole.Length * i / 21)]);
                Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder[name]).Dispose());
            }
        }
    }

    private static void AssertRefused(byte[] file, string name, string why)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder[name], file);
        string message = Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder[name]).Dispose()).Message;
        Assert.Contains(why, message, StringComparison.Ordinal);
        Assert.Contains(folder[name], message, StringComparison.Ordinal);
    }
}
