using System.Runtime.InteropServices;
using ResTok.Models.Runtime;
using static TorchSharp.torch;

namespace ResTok.Models.Layers.Kernels;

/// <summary>
/// Floats outside the collector's memory, aligned to cache lines, or to large pages where there are many. What kernels write is lent and
/// taken back: a page fault of fresh memory costs up to 20 µs on a virtual machine, 160 ms for the activations of one image, where the
/// convolution that fills them takes 50.
/// </summary>
internal sealed unsafe class NativeFloats : IDisposable
{
    private const long Line = 64, Unit = 1 << 14; // bytes, floats
    private const long MostKept = 256 << 20; // floats of all memory that waits to be lent again

    private static readonly List<NativeFloats> Waiting = []; // the smallest first
    private static readonly Dictionary<nint, NativeFloats> Tensors = []; // memory that tensors have

    private nint start;

    public NativeFloats(long count)
    {
        long bytes = 4 * count;
        start = (nint)NativeMemory.AlignedAlloc(checked((nuint)bytes), (nuint)(bytes >= TensorMemory.LargePage ? TensorMemory.LargePage : Line));
        Count = count;
        TensorMemory.PreferLargePages((void*)start, bytes);
    }

    ~NativeFloats() => Free();

    public long Count { get; }

    public float* Start => (float*)start;

    /// <summary>Lends memory for a moment.</summary>
    public static Loan Borrow(long count) => new(Take(count));

    /// <summary>Lends memory to a tensor, until it is disposed.</summary>
    public static Tensor Lend(ReadOnlySpan<long> shape, ScalarType type = ScalarType.Float32)
    {
        long count = type == ScalarType.Float64 ? 2 : 1;
        foreach (long size in shape)
            count *= size;
        NativeFloats memory = Take(Math.Max(1, count));
        lock (Waiting)
            Tensors.Add(memory.start, memory);
        return TensorMemory.Wrap(memory.Start, &TakeBack, shape, type);
    }

    /// <summary>Frees what waits to be lent.</summary>
    public static void FreeWaiting()
    {
        lock (Waiting)
        {
            Waiting.ForEach(memory => memory.Dispose());
            Waiting.Clear();
        }
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private static NativeFloats Take(long count)
    {
        long unit = 4 * count >= TensorMemory.LargePage / 2 ? TensorMemory.LargePage / 4 : Unit, rounded = (count + unit - 1) / unit * unit;
        lock (Waiting)
        {
            int found = Waiting.FindIndex(memory => memory.Count >= count);
            if (found >= 0 && Waiting[found] is var memory && memory.Count <= 2 * rounded)
            {
                Waiting.RemoveAt(found);
                return memory;
            }
        }
        return new(rounded);
    }

    [UnmanagedCallersOnly]
    private static void TakeBack(void* start)
    {
        lock (Waiting)
        {
            if (Tensors.Remove((nint)start, out NativeFloats? memory))
                Return(memory);
        }
    }

    private static void Return(NativeFloats memory)
    {
        lock (Waiting)
        {
            int place = Waiting.FindIndex(other => other.Count >= memory.Count);
            Waiting.Insert(place < 0 ? Waiting.Count : place, memory);
            while (Waiting.Sum(other => other.Count) > MostKept)
            {
                Waiting[^1].Dispose(); // the largest: its large pages are the cheapest to get again
                Waiting.RemoveAt(Waiting.Count - 1);
            }
        }
    }

    private void Free()
    {
        nint freed = Interlocked.Exchange(ref start, 0);
        NativeMemory.AlignedFree((void*)freed);
    }

    /// <summary>Borrowed memory.</summary>
    public readonly struct Loan(NativeFloats memory) : IDisposable
    {
        public float* Start => memory.Start;

        public void Dispose() => Return(memory);
    }
}
