using System.Buffers.Binary;
using System.Text;
using ResTok.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.FaultTests.Files;

/// <summary>The safetensors reader, mapped and from streams, and indices of shards.</summary>
internal static class SafetensorsPart
{
    public static PartFigures Run(PartSettings settings)
    {
        using var fuzzing = new Fuzzing(settings, fault => fault is CheckpointException);
        string file = Path.Combine(fuzzing.Folder, "model.safetensors"), index = Path.Combine(fuzzing.Folder, "model.safetensors.index.json");
        byte[] valid = Valid();
        int header = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(valid);
        string json = Encoding.UTF8.GetString(valid[8..header]);
        byte[] data = valid[header..];

        fuzzing.TryAll(Attacks(data).SelectMany(attack => new (string, Action)[]
        {
            (attack.Name, () => ReadFile(file, attack.File)),
            (attack.Name + " in a stream", () => ReadStream(attack.File)),
        }));
        File.WriteAllBytes(file, valid);
        fuzzing.TryAll(Indices.Select(attack => (attack.Name, (Action)(() => ReadIndex(index, attack.Json)))));
        fuzzing.TryAll(Links());
        fuzzing.TryMany(80_000, random =>
        {
            byte[] changed = random.Next(3) switch
            {
                0 => Join(Mutator.ChangeNumbers(json, random), data),
                1 => Mutator.Change(valid[..header], random) is var bytes ? [.. bytes, .. data] : [],
                _ => Mutator.Change(valid, random),
            };
            if (random.Next(2) == 0)
                return () => ReadStream(changed);
            return () => ReadFile(file, changed);
        });
        return fuzzing.Finish();
    }

    /// <summary>A small file of several types and shapes, an empty and a scalar tensor among them.</summary>
    public static byte[] Valid()
    {
        using var scope = NewDisposeScope();
        using var stream = new MemoryStream();
        SafetensorsWriter.Write(stream,
        [
            KeyValuePair.Create("a.weight", arange(12, dtype: ScalarType.Float32).reshape(3, 4)),
            KeyValuePair.Create("a.bias", ones(4, dtype: ScalarType.BFloat16)),
            KeyValuePair.Create("empty", zeros(0, 4)),
            KeyValuePair.Create("scalar", tensor(7L)),
            KeyValuePair.Create("flags", zeros(5, dtype: ScalarType.Bool)),
            KeyValuePair.Create("odd", ones(3, dtype: ScalarType.Float16)),
        ]);
        return stream.ToArray();
    }

    /// <summary>Reads all of every tensor, so that a view of what is not there shows.</summary>
    public static void Touch(Checkpoint checkpoint)
    {
        foreach (string name in checkpoint.Entries.Keys)
        {
            using var scope = NewDisposeScope();
            checkpoint.GetTensor(name).to(ScalarType.Float64).sum().item<double>();
        }
    }

    private static void ReadFile(string file, byte[] bytes)
    {
        File.WriteAllBytes(file, bytes);
        using Checkpoint checkpoint = Checkpoint.Open(file);
        Touch(checkpoint);
    }

    private static void ReadStream(byte[] bytes)
    {
        using Checkpoint checkpoint = Checkpoint.Read(new MemoryStream(bytes), "model.safetensors");
        Touch(checkpoint);
    }

    private static void ReadIndex(string index, string json)
    {
        File.WriteAllText(index, json);
        using Checkpoint checkpoint = Checkpoint.Open(index);
        Touch(checkpoint);
    }

    private static byte[] Join(string header, byte[] data, ulong? length = null)
    {
        byte[] text = Encoding.UTF8.GetBytes(header), prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, length ?? (ulong)text.Length);
        return [.. prefix, .. text, .. data];
    }

    private static IEnumerable<(string Name, byte[] File)> Attacks(byte[] data)
    {
        static string Entry(string name, string type, string shape, long start, long end) =>
            $"\"{name}\":{{\"dtype\":\"{type}\",\"shape\":{shape},\"data_offsets\":[{start},{end}]}}";
        foreach (ulong length in new ulong[] { 0, 1, 100_000_000, 100_000_001, 1UL << 31, 1UL << 32, 1UL << 63, ulong.MaxValue, ulong.MaxValue - 7 })
            yield return ($"header length {length}", Join("{}", data, length));
        yield return ("overlapping offsets", Join($"{{{Entry("a", "U8", "[8]", 0, 8)},{Entry("b", "U8", "[8]", 4, 12)}}}", new byte[12]));
        yield return ("offsets out of range", Join($"{{{Entry("a", "U8", "[8]", 1L << 40, (1L << 40) + 8)}}}", new byte[8]));
        yield return ("more data than there are", Join($"{{{Entry("a", "F64", "[17179869184]", 0, 1L << 37)}}}", new byte[8]));
        yield return ("far more data than memory", Join($"{{{Entry("a", "F32", "[1125899906842624]", 0, 1L << 52)}}}", new byte[8]));
        yield return ("duplicate keys", Join($"{{{Entry("a", "U8", "[4]", 0, 4)},{Entry("a", "U8", "[4]", 4, 8)}}}", new byte[8]));
        yield return ("a name twice but for the compiler's prefix", Join($"{{{Entry("a", "U8", "[4]", 0, 4)},{Entry("_orig_mod.a", "U8", "[4]", 4, 8)}}}", new byte[8]));
        yield return ("a shape that overflows to 0", Join($"{{{Entry("a", "F32", "[4294967296,4294967296]", 0, 0)}}}", []));
        yield return ("a shape that overflows beside a 0", Join($"{{{Entry("a", "F32", "[0,9223372036854775807,9223372036854775807]", 0, 0)}}}", []));
        yield return ("a size beyond 64 bits", Join("{\"a\":{\"dtype\":\"U8\",\"shape\":[18446744073709551616],\"data_offsets\":[0,0]}}", []));
        yield return ("17 dimensions", Join($"{{{Entry("a", "U8", "[" + string.Join(",", Enumerable.Repeat(1, 17)) + "]", 0, 1)}}}", new byte[1]));
        yield return ("a million dimensions", Join($"{{{Entry("a", "U8", "[" + string.Join(",", Enumerable.Repeat(1, 1_000_000)) + "]", 0, 1)}}}", new byte[1]));
        yield return ("deep nesting", Join("{\"a\":" + new string('[', 1_000_000) + new string(']', 1_000_000) + "}", []));
        yield return ("deep nesting of metadata", Join("{\"__metadata__\":" + string.Concat(Enumerable.Repeat("{\"a\":", 100_000)) + "1" + new string('}', 100_001), []));
        yield return ("50,000 empty tensors", Join("{" + string.Join(",", Enumerable.Range(0, 50_000).Select(i => Entry($"t{i}", "U8", "[0]", 0, 0))) + "}", []));
        yield return ("10^9 tensors claimed by length", Join("{" + Entry("a", "U8", "[0]", 0, 0), [], 60_000_000_000));
        yield return ("a name that leaves the folder", Join($"{{{Entry("../../../etc/passwd", "U8", "[4]", 0, 4)}}}", new byte[4]));
        yield return ("NaN and infinite weights", Join($"{{{Entry("a", "F32", "[2]", 0, 8)}}}", [0, 0, 0xc0, 0x7f, 0, 0, 0x80, 0xff]));
        yield return ("numbers as text", Join("{\"a\":{\"dtype\":\"U8\",\"shape\":[\"4\"],\"data_offsets\":[0,4]}}", new byte[4]));
        yield return ("invalid UTF-8", Join("{\"a", [0xff, 0xfe, 0xc0, 0x22, 0x7d], 8));
    }

    private static IEnumerable<(string Name, string Json)> Indices =>
    [
        ("an index", "{\"weight_map\":{\"a.weight\":\"model.safetensors\"}}"),
        ("an index that leaves the folder", "{\"weight_map\":{\"a\":\"../model.safetensors\"}}"),
        ("an index of an absolute path", "{\"weight_map\":{\"a\":\"/etc/passwd\"}}"),
        ("an index of a device", "{\"weight_map\":{\"a\":\"/dev/zero\"}}"),
        ("an index of the folder", "{\"weight_map\":{\"a\":\".\"}}"),
        ("an index of a name with a zero", "{\"weight_map\":{\"a\":\"model\\u0000.safetensors\"}}"),
        ("an index of what is missing", "{\"weight_map\":{\"nope\":\"model.safetensors\"}}"),
        ("an index of itself", "{\"weight_map\":{\"a\":\"model.safetensors.index.json\"}}"),
        ("a deep index", "{\"weight_map\":" + string.Concat(Enumerable.Repeat("[", 100_000))),
        ("an index that is a list", "[1]"),
        ("an index of numbers", "{\"weight_map\":{\"a\":1}}"),
        ("a map that is a text", "{\"weight_map\":\"a\"}"),
        ("an invalid surrogate", "{\"weight_map\":{\"a\":\"\\ud800\"}}"),
        ("an empty index", ""),
    ];

    /// <summary>Folders as an attacker might pack them: links to devices and to themselves.</summary>
    private static IEnumerable<(string Name, Action Run)> Links()
    {
        foreach ((string name, string target) in new[] { ("model.safetensors", "/dev/zero"), ("model.safetensors.index.json", "/dev/zero"), ("pytorch_model.bin", "/dev/zero"), ("model.safetensors", "/etc"), ("model.safetensors", "model.safetensors") })
        {
            string inner = Directory.CreateTempSubdirectory("restok-faults-").FullName;
            File.CreateSymbolicLink(Path.Combine(inner, name), target);
            yield return ($"{name} as a link to {target}", () => Checkpoint.Open(inner).Dispose());
            Directory.Delete(inner, recursive: true);
        }
    }
}
