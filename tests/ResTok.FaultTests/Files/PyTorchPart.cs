using System.Text;
using ResTok.Models.Checkpoints;

namespace ResTok.FaultTests.Files;

/// <summary>The reader of PyTorch files: archives and the older format.</summary>
internal static class PyTorchPart
{
    public static PartFigures Run(PartSettings settings)
    {
        using var fuzzing = new Fuzzing(settings, fault => fault is CheckpointException);
        string file = Path.Combine(fuzzing.Folder, "pytorch_model.bin");
        byte[] pickle = PyTorchFiles.StateDict(), archive = PyTorchFiles.Archive(pickle), legacy = PyTorchFiles.Legacy(pickle);
        fuzzing.TryAll([("the valid archive", () => Read(file, archive)), ("the valid older file", () => Read(file, legacy))]);
        if (fuzzing.Figures.Succeeded != 2)
            fuzzing.Figures.Findings.Add("the valid files are refused, so nothing else counts");

        string proof = Path.Combine(fuzzing.Folder, "proof");
        fuzzing.TryAll(PickleAttacks(proof).SelectMany(attack => new (string, Action)[]
        {
            (attack.Name, () => Read(file, PyTorchFiles.Archive(attack.Pickle))),
            (attack.Name + ", older format", () => Read(file, PyTorchFiles.Legacy(attack.Pickle))),
            (attack.Name + ", alone", () => Read(file, attack.Pickle)),
        }));
        fuzzing.TryAll(ArchiveAttacks(pickle).Select(attack => (attack.Name, (Action)(() => Read(file, attack.Make())))));
        fuzzing.TryMany(80_000, random =>
        {
            byte[] changed = random.Next(4) switch
            {
                0 => PyTorchFiles.Archive(Mutator.Change(pickle, random)),
                1 => PyTorchFiles.Legacy(Mutator.Change(pickle, random)),
                2 => Mutator.Change(legacy, random),
                _ => Mutator.Change(archive, random),
            };
            return () => Read(file, changed);
        });
        if (File.Exists(proof))
            fuzzing.Figures.Findings.Add("a pickle ran a command");
        return fuzzing.Finish();
    }

    private static void Read(string file, byte[] bytes)
    {
        File.WriteAllBytes(file, bytes);
        using Checkpoint checkpoint = Checkpoint.Open(file);
        SafetensorsPart.Touch(checkpoint);
    }

    private static IEnumerable<(string Name, byte[] Pickle)> PickleAttacks(string proof)
    {
        string touch = $"touch {proof}";
        static byte[] Of(string latin1) => Encoding.Latin1.GetBytes(latin1);
        yield return ("os.system by GLOBAL and REDUCE", new PickleBuilder().Raw("cos\nsystem\n(").Text(touch).Raw("tR").Stop());
        yield return ("posix.system by STACK_GLOBAL", new PickleBuilder().Text("posix").Text("system").Raw("\x93(").Text(touch).Raw("tR").Stop());
        yield return ("a call of what a state dict may name", new PickleBuilder().Raw("ctorch._utils\n_rebuild_tensor_v2\n(").Text(touch).Raw("tR").Stop());
        yield return ("a name with a dot", Of("ctorch\n_utils._rebuild_tensor_v2.__globals__\n."));
        yield return ("eval by INST", Of($"(S'{touch}'\nibuiltins\neval\n."));
        yield return ("NEWOBJ", Of("ccollections\nOrderedDict\n)\x81."));
        yield return ("NEWOBJ_EX", Of("ccollections\nOrderedDict\n)}\x92."));
        yield return ("BUILD of a tensor", new PickleBuilder().Tensor("FloatStorage", "0", 12, 0, [1], [1]).Raw("}b").Stop());
        yield return ("BUILD of nothing", Of("}b."));
        yield return ("an extension", Of("\x82\x01."));
        yield return ("a memo that is never filled", Of("}h\x07."));
        yield return ("a memo at the largest key", Of("}r\xff\xff\xff\xff."));
        yield return ("a list in itself", Of("]q\0h\0a."));
        yield return ("a dictionary in itself", Of("}q\0(X\x01\0\0\0ah\0u."));
        yield return ("a memo bomb", Of("]q\0" + string.Concat(Enumerable.Range(0, 200).Select(i => $"]q{(char)(i + 1)}(" + string.Concat(Enumerable.Repeat("h" + (char)i, 100)) + "e")) + "."));
        yield return ("a million marks", Of(new string('(', 1_000_000)));
        yield return ("a million empty dictionaries", Of(new string('}', 1_000_000) + "."));
        yield return ("a million nested tuples", Of(")" + new string('\x85', 1_000_000) + "."));
        yield return ("a long of 255 bytes", Of("\x8a\xff" + new string('\x7f', 255) + "."));
        yield return ("a text of 4 GB", Of("X\xff\xff\xff\xff."));
        yield return ("a text of 1 MB that is not there", Of("X\0\0\x10\0."));
        yield return ("a key that is a tensor", new PickleBuilder().Raw("}").Tensor("FloatStorage", "0", 12, 0, [1], [1]).Raw("Ns").Stop());
        yield return ("invalid UTF-8", Of("}X\x02\0\0\0\xff\xfeNs."));
        foreach ((string name, long elements, long offset, long[] shape, long[] strides) in new (string, long, long, long[], long[])[]
        {
            ("a storage that is larger than its data", 1L << 40, 0, [1L << 30], [1]),
            ("a negative offset", 12, -1, [1], [1]),
            ("an offset beyond", 12, 12, [1], [1]),
            ("an offset that overflows", 12, long.MaxValue, [2], [1]),
            ("negative strides", 12, 11, [2], [-1]),
            ("strides that overflow", 12, 0, [2, 2], [long.MaxValue, long.MaxValue]),
            ("a stride of 0", 12, 0, [1L << 40], [0]),
            ("a shape that overflows", 12, 0, [1L << 32, 1L << 32], [0, 0]),
            ("a shape that overflows beside a 0", 12, 0, [0, long.MaxValue, long.MaxValue], [1, 1, 1]),
            ("an empty tensor at an offset beyond", 12, long.MaxValue, [0, 2], [7, 7]),
            ("the largest storage", long.MaxValue, 0, [long.MaxValue], [1]),
            ("17 dimensions", 12, 0, [.. Enumerable.Repeat(1L, 17)], [.. Enumerable.Repeat(1L, 17)]),
        })
            yield return (name, new PickleBuilder().Raw("}(").Text("a").Tensor("FloatStorage", "0", elements, offset, shape, strides).Raw("u").Stop());
    }

    private static IEnumerable<(string Name, Func<byte[]> Make)> ArchiveAttacks(byte[] pickle)
    {
        (string, byte[])[] data = [.. PyTorchFiles.Storages().Select(storage => ("archive/data/" + storage.Key, storage.Data))];
        yield return ("compressed tensors", () => PyTorchFiles.Archive(pickle, data, compressed: true));
        yield return ("a bomb of marks", () => PyTorchFiles.Archive([.. Enumerable.Repeat((byte)'(', 50_000_000)], data, compressed: true));
        yield return ("a bomb of lists", () => PyTorchFiles.Archive([.. Enumerable.Repeat((byte)']', 20_000_000)], data, compressed: true));
        yield return ("a bomb for a byte order", () => PyTorchFiles.Archive(pickle, [.. data, ("archive/byteorder", new byte[100_000_000])], compressed: true));
        yield return ("30 million lists, not compressed", () => PyTorchFiles.Archive([.. Enumerable.Repeat((byte)']', 30_000_000)], data));
        yield return ("two pickles", () => PyTorchFiles.Archive(pickle, [.. data, ("other/data.pkl", pickle)]));
        yield return ("a path that leaves the archive", () => PyTorchFiles.Archive(pickle, [.. data, ("../../../../tmp/evil", [1]), ("archive/data/../../x", [1])]));
        yield return ("a storage twice", () => PyTorchFiles.Archive(pickle, [.. data, ("archive/data/0", [1])]));
        yield return ("60,000 storages", () => PyTorchFiles.Archive(pickle, [.. data, .. Enumerable.Range(2, 60_000).Select(i => ($"archive/data/{i}", Array.Empty<byte>()))]));
        yield return ("storages of no state dict", () => PyTorchFiles.Archive("}."u8.ToArray(), data));
    }
}
