using System.Numerics;
using System.Runtime.CompilerServices;
using ResTok.Models;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Measuring;

/// <summary>Reads a generator's weights as fast as the memory gives them.</summary>
internal sealed unsafe class WeightReader
{
    private const int Chunk = 1 << 20;

    private readonly List<(nint Start, int Bytes)> chunks = [];
    private long sink; // keeps the reads

    /// <param name="generator">Kept by the caller while this reads.</param>
    public WeightReader(ImageGenerator generator)
    {
        foreach ((string name, Tensor weight) in generator.StateDict)
        {
            if (weight.dim() != 2 || name.Contains("embedding", StringComparison.Ordinal)) // of embeddings a pass reads a few rows
                continue;
            Span<byte> bytes = weight.bytes;
            Bytes += bytes.Length;
            fixed (byte* start = bytes) // libtorch's memory: it does not move
            {
                for (int offset = 0; offset < bytes.Length; offset += Chunk)
                    chunks.Add(((nint)(start + offset), Math.Min(Chunk, bytes.Length - offset)));
            }
        }
    }

    /// <summary>What a pass reads.</summary>
    public long Bytes { get; }

    public void ReadOnce() =>
        Parallel.ForEach(chunks, new ParallelOptions { MaxDegreeOfParallelism = get_num_threads() }, chunk => Interlocked.Add(ref sink, Sum(chunk.Start, chunk.Bytes)));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // fast from the first call on
    internal static long Sum(nint start, int bytes)
    {
        var span = new ReadOnlySpan<Vector<long>>((void*)start, bytes / Vector<byte>.Count);
        Vector<long> a = default, b = default, c = default, d = default;
        int i = 0;
        for (; i + 4 <= span.Length; i += 4)
        {
            a += span[i];
            b += span[i + 1];
            c += span[i + 2];
            d += span[i + 3];
        }
        for (; i < span.Length; i++)
            a += span[i];
        return Vector.Sum(a + b + c + d);
    }
}
