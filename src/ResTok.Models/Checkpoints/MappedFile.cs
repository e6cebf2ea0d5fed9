using Microsoft.Win32.SafeHandles;
using ResTok.Models.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Checkpoints;

/// <summary>A file whose tensors are views of the file itself, not copies. A view keeps the mapping alive.</summary>
internal sealed class MappedFile : IDisposable
{
    /// <summary>
    /// Bytes of tensors given from one mapping. What was read of a mapping stays resident until its last tensor is disposed, so that one
    /// tensor that is kept while the others are converted would keep the whole file.
    /// </summary>
    private const long OfOneMapping = 1 << 26;

    private readonly Dictionary<ScalarType, Tensor> maps = []; // the whole file, as elements of each type in use
    private readonly Lock gate = new();
    private readonly string path;
    private readonly DateTime written;
    private long given; // bytes

    public MappedFile(string path)
    {
        this.path = path;
        (Length, written) = LengthAndTime();
    }

    public long Length { get; }

    /// <param name="offset">Where the tensor's data start, in bytes from the start of the file; checked by the caller.</param>
    /// <param name="shape">The shape.</param>
    /// <param name="dataType">The format of the elements.</param>
    /// <returns>A CPU tensor that the caller disposes.</returns>
    /// <exception cref="CheckpointException">Another file has taken its place.</exception>
    public Tensor View(long offset, long[] shape, ScalarType dataType)
    {
        TorchRuntime.EnsureLoaded();
        using var scope = NewDisposeScope();
        long elements = shape.Aggregate(1L, (product, size) => product * size);
        int size = SizeOf(dataType);
        if (elements == 0)
            return empty(shape, dtype: dataType).DetachFromDisposeScope();
        if (offset % size == 0)
            return Piece(dataType, size, offset / size, elements).reshape(shape).DetachFromDisposeScope();

        Tensor bytes = Piece(ScalarType.Byte, 1, offset, elements * size); // not aligned: copy
        Tensor copy = empty(shape, dtype: dataType);
        for (long done = 0; done < elements * size;)
        {
            long count = Math.Min(elements * size - done, 1 << 30);
            TensorBytes.Copy(bytes.narrow(0, done, count).bytes, copy, done);
            done += count;
        }
        return copy.DetachFromDisposeScope();
    }

    public static int SizeOf(ScalarType dataType) => dataType switch
    {
        ScalarType.Float64 or ScalarType.Int64 => 8,
        ScalarType.Float32 or ScalarType.Int32 => 4,
        ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Int16 => 2,
        _ => 1,
    };

    public void Dispose()
    {
        lock (gate)
            Forget();
    }

    /// <summary>Of the file itself: <see cref="FileInfo"/> gives a link's own length, and the hub's cache is made of links.</summary>
    private (long Length, DateTime Written) LengthAndTime()
    {
        using SafeFileHandle handle = File.OpenHandle(path);
        return (RandomAccess.GetLength(handle), File.GetLastWriteTimeUtc(handle));
    }

    private Tensor Piece(ScalarType dataType, int size, long start, long elements)
    {
        lock (gate)
        {
            if (given >= OfOneMapping)
                Forget();
            if (!maps.TryGetValue(dataType, out Tensor? map))
                maps[dataType] = map = Map(dataType, size).DetachFromDisposeScope();
            given += elements * size;
            return map.narrow(0, start, elements);
        }
    }

    private Tensor Map(ScalarType dataType, int size)
    {
        ThrowIfReplaced(); // a shorter file would give libtorch's own error
        Tensor map = from_file(path, shared: false, Length / size, dataType);
        ThrowIfReplaced();
        return map;
    }

    private void ThrowIfReplaced()
    {
        if (LengthAndTime() != (Length, written))
            throw new CheckpointException($"{path} was replaced or changed while it was read. Load it again.");
    }

    private void Forget()
    {
        foreach (Tensor map in maps.Values)
            map.Dispose();
        maps.Clear();
        given = 0;
    }
}
