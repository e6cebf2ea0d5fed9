using Microsoft.Win32.SafeHandles;
using ResTok.Models.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Checkpoints;

/// <summary>A file whose tensors are views of the file itself, not copies. A view keeps the mapping alive.</summary>
internal sealed class MappedFile(string path) : IDisposable
{
    private readonly Dictionary<ScalarType, Tensor> maps = []; // the whole file, as elements of each type in use
    private readonly Lock gate = new();

    public long Length { get; } = LengthOf(path);

    /// <param name="offset">Where the tensor's data start, in bytes from the start of the file; checked by the caller.</param>
    /// <param name="shape">The shape.</param>
    /// <param name="dataType">The format of the elements.</param>
    /// <returns>A CPU tensor that the caller disposes.</returns>
    public Tensor View(long offset, long[] shape, ScalarType dataType)
    {
        TorchRuntime.EnsureLoaded();
        using var scope = NewDisposeScope();
        long elements = shape.Aggregate(1L, (product, size) => product * size);
        int size = SizeOf(dataType);
        if (elements == 0)
            return empty(shape, dtype: dataType).DetachFromDisposeScope();
        if (offset % size == 0)
            return Map(dataType, size).narrow(0, offset / size, elements).reshape(shape).DetachFromDisposeScope();

        Tensor bytes = Map(ScalarType.Byte, 1).narrow(0, offset, elements * size); // not aligned: copy
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
        {
            foreach (Tensor map in maps.Values)
                map.Dispose();
            maps.Clear();
        }
    }

    /// <summary>Of the file itself: <see cref="FileInfo"/> gives a link's own length, and the hub's cache is made of links.</summary>
    private static long LengthOf(string path)
    {
        using SafeFileHandle handle = File.OpenHandle(path);
        return RandomAccess.GetLength(handle);
    }

    private Tensor Map(ScalarType dataType, int size)
    {
        lock (gate)
        {
            if (!maps.TryGetValue(dataType, out Tensor? map))
                maps[dataType] = map = from_file(path, shared: false, Length / size, dataType).DetachFromDisposeScope();
            return map;
        }
    }
}
