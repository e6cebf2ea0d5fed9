using System.Buffers.Binary;
using System.Numerics;
using ICSharpCode.SharpZipLib;
using ICSharpCode.SharpZipLib.Zip;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Checkpoints;

/// <summary>A tensor of a PyTorch file and where its storage starts in the file.</summary>
internal sealed record PyTorchTensor(TensorEntry Entry, PickleTensor Tensor, long StorageStart)
{
    public Tensor Open(MappedFile map)
    {
        (PickleStorage storage, long offset, long[] shape, long[] strides) = Tensor;
        if (shape.Contains(0) || IsContiguous(shape, strides))
            return map.View(StorageStart + offset * MappedFile.SizeOf(storage.DataType), shape, storage.DataType);
        using Tensor whole = map.View(StorageStart, [storage.Elements], storage.DataType);
        return whole.as_strided(shape, strides, whole.storage_offset() + offset); // counted from the start of the mapping
    }

    private static bool IsContiguous(long[] shape, long[] strides)
    {
        long expected = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            if (shape[i] != 1 && strides[i] != expected)
                return false;
            expected *= shape[i];
        }
        return true;
    }
}

/// <summary>Files of <c>torch.save</c>: today's zip archives and the format before PyTorch 1.6.</summary>
internal static class PyTorchFile
{
    private static readonly BigInteger LegacyMagic = BigInteger.Parse("119547037146038801333356", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Where training scripts put the state dict among other things.</summary>
    private static readonly string[] Wrappers = ["state_dict", "model", "module", "model_state_dict", "ema", "model_ema"];

    /// <exception cref="CheckpointException">The file is damaged, or asks for code to be run.</exception>
    public static List<PyTorchTensor> Read(string file)
    {
        using FileStream stream = File.OpenRead(file);
        Span<byte> start = stackalloc byte[4];
        int count = stream.ReadAtLeast(start, 4, throwOnEndOfStream: false);
        stream.Position = 0;
        bool isArchive = count == 4 && start.SequenceEqual("PK\x03\x04"u8);
        if (!isArchive && ForeignFile.Describe(stream, file) is { } foreign)
            throw new CheckpointException($"{file} is no file of torch.save, but {foreign}");
        if (stream.CanSeek)
            stream.Position = 0;
        (object? root, Dictionary<string, (long Start, long Bytes)> storages) = isArchive ? ReadArchive(stream, file) : ReadLegacy(stream, file);
        var tensors = new List<PyTorchTensor>();
        foreach ((object key, object? value) in StateDict(root, file))
        {
            if (key is not string name || value is not PickleTensor tensor)
                continue;
            PickleStorage storage = tensor.Storage;
            if (!storages.TryGetValue(storage.Key, out (long Start, long Bytes) place) || place.Bytes / MappedFile.SizeOf(storage.DataType) < storage.Elements)
                throw new CheckpointException($"{file} lacks the data of '{name}'. Download or save it again.");
            tensors.Add(new(new(name, storage.DataType, tensor.Shape), tensor, place.Start));
        }
        return tensors;
    }

    private static (object? Root, Dictionary<string, (long Start, long Bytes)> Storages) ReadArchive(FileStream stream, string file)
    {
        try
        {
            using var zip = new ZipFile(stream, leaveOpen: true);
            ZipEntry pickle = zip.Cast<ZipEntry>().SingleOrDefault(entry => entry.Name.EndsWith("/data.pkl", StringComparison.Ordinal))
                ?? throw new CheckpointException($"{file} is an archive without data.pkl, so no file of torch.save.");
            string folder = pickle.Name[..^"data.pkl".Length];
            if (pickle.CompressionMethod != CompressionMethod.Stored)
                throw new CheckpointException($"{file} has a compressed '{pickle.Name}', which torch.save never writes and which could be any size. Save it again.");
            if (zip.GetEntry(folder + "byteorder") is { } order && SmallText.Read(new StreamReader(zip.GetInputStream(order)), $"{file}: '{order.Name}'", 100) != "little")
                throw new CheckpointException($"{file} was saved on a big-endian machine, which is not supported.");
            var storages = new Dictionary<string, (long, long)>(StringComparer.Ordinal);
            foreach (ZipEntry entry in zip.Cast<ZipEntry>().Where(entry => entry.Name.StartsWith(folder + "data/", StringComparison.Ordinal)))
            {
                if (entry.CompressionMethod != CompressionMethod.Stored)
                    throw new CheckpointException($"{file} has compressed tensors ('{entry.Name}'), which torch.save never writes. Save it again.");
                long start = DataStart(stream, entry);
                if (entry.Size < 0 || entry.Size > stream.Length - start) // a sum could overflow
                    throw new CheckpointException($"{file} ends inside '{entry.Name}'. Download it again.");
                storages[entry.Name[(folder.Length + 5)..]] = (start, entry.Size);
            }
            using var buffered = new BufferedStream(zip.GetInputStream(pickle));
            return (new PickleReader(buffered, file).Read(), storages);
        }
        catch (Exception fault) when (fault is SharpZipBaseException or ArgumentException or NotSupportedException or InvalidOperationException)
        {
            throw new CheckpointException($"{file} is no intact archive: {fault.Message} Download it again.", fault);
        }
    }

    /// <summary>An entry's data follow its local header, whose name and extra field may differ in length from the directory's.</summary>
    private static long DataStart(FileStream stream, ZipEntry entry)
    {
        Span<byte> header = stackalloc byte[30];
        stream.Position = entry.Offset;
        stream.ReadExactly(header);
        return entry.Offset + 30 + BinaryPrimitives.ReadUInt16LittleEndian(header[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(header[28..]);
    }

    private static (object? Root, Dictionary<string, (long Start, long Bytes)> Storages) ReadLegacy(FileStream stream, string file)
    {
        var reader = new PickleReader(stream, file);
        if (reader.Read() is not PickleBigInteger magic || magic.Value != LegacyMagic)
            throw new CheckpointException($"{file} is no file of torch.save.");
        reader.Read(); // protocol version
        if (reader.Read() is PickleDict system && system.TryGetValue("little_endian", out object? little) && little is false)
            throw new CheckpointException($"{file} was saved on a big-endian machine, which is not supported.");
        object? root = reader.Read();
        var sizes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (object? value in StateDict(root, file).Values)
        {
            if (value is PickleTensor tensor)
                sizes[tensor.Storage.Key] = MappedFile.SizeOf(tensor.Storage.DataType);
        }
        var storages = new Dictionary<string, (long, long)>(StringComparer.Ordinal);
        Span<byte> count = stackalloc byte[8];
        foreach (object? item in reader.Read() as PickleList ?? [])
        {
            stream.ReadExactly(count);
            long elements = BinaryPrimitives.ReadInt64LittleEndian(count);
            if (item is not string key || !sizes.TryGetValue(key, out int size) || elements < 0 || elements > (stream.Length - stream.Position) / size)
                throw new CheckpointException($"{file} ends early or has data that belong to no tensor of its state dict. Save the state dict alone.");
            storages[key] = (stream.Position, elements * size);
            stream.Position += elements * size;
        }
        return (root, storages);
    }

    private static PickleDict StateDict(object? root, string file)
    {
        if (root is PickleDict top)
        {
            if (top.Values.Any(value => value is PickleTensor))
                return top;
            foreach (string wrapper in Wrappers)
            {
                if (top.TryGetValue(wrapper, out object? inner) && inner is PickleDict dictionary && dictionary.Values.Any(value => value is PickleTensor))
                    return dictionary;
            }
        }
        throw new CheckpointException($"{file} holds no state dict, neither as a whole nor under {string.Join(", ", Wrappers)}.");
    }
}
