using System.Runtime.InteropServices;
using ResTok.Models.Runtime;

namespace ResTok.Models.Layers.Kernels;

/// <summary>Floats outside the collector's memory, aligned to cache lines, or to large pages where there are many.</summary>
internal sealed unsafe class NativeFloats : IDisposable
{
    private const long Line = 64, LargePage = 2 << 20;
    private const long MostKept = 24 << 20; // floats of all memory that waits to be borrowed again

    private static readonly List<NativeFloats> Waiting = []; // the smallest first

    private nint start;

    public NativeFloats(long count)
    {
        long bytes = 4 * count;
        start = (nint)NativeMemory.AlignedAlloc(checked((nuint)bytes), (nuint)(bytes >= 2 * LargePage ? LargePage : Line));
        Count = count;
        TensorMemory.PreferLargePages((void*)start, bytes);
    }

    ~NativeFloats() => Free();

    public long Count { get; }

    public float* Start => (float*)start;

    /// <summary>Borrows memory for a moment: filling fresh memory costs more than many a kernel.</summary>
    public static Loan Borrow(long count)
    {
        lock (Waiting)
        {
            int found = Waiting.FindIndex(memory => memory.Count >= count);
            if (found >= 0)
            {
                NativeFloats memory = Waiting[found];
                Waiting.RemoveAt(found);
                return new(memory);
            }
        }
        return new(new(count));
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private static void Return(NativeFloats memory)
    {
        lock (Waiting)
        {
            int place = Waiting.FindIndex(other => other.Count >= memory.Count);
            Waiting.Insert(place < 0 ? Waiting.Count : place, memory);
            while (Waiting.Sum(other => other.Count) > MostKept)
            {
                Waiting[0].Dispose();
                Waiting.RemoveAt(0);
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
