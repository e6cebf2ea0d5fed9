using System.Runtime.InteropServices;

namespace ResTok.Models.Runtime;

/// <summary>
/// What the C library does with memory that libtorch frees. By itself it gives large blocks back to the system and takes fresh ones for the
/// next operation; their page faults cost several times what the operation does (2 million floats through SiLU: 11 ms, else 0.4).
/// </summary>
internal static unsafe class FreedMemory
{
    // Of mallopt.
    private const int TrimThreshold = -1, Padding = -2, MapThreshold = -3, MostMapped = -4;
    private const int UnchangedPadding = 128 << 10, Unchanged = 65536, LargestThreshold = 32 << 20; // where its own adjustment ends, and from there twice as much to trim at
    private const int Heap = 64 << 20; // of a thread other than the first: kept, where padding asks for as much

    private static readonly Lock Gate = new();
    private static readonly delegate* unmanaged<int, int, int> Set = (delegate* unmanaged<int, int, int>)Find("mallopt");
    private static readonly delegate* unmanaged<nuint, int> Trim = (delegate* unmanaged<nuint, int>)Find("malloc_trim");
    private static int keeping;

    /// <summary>Gives the system back what is free, of which there is a lot after a model's weights.</summary>
    public static void Return()
    {
        if (Trim != null)
            _ = Trim(0);
    }

    /// <summary>Keeps what is freed for the next operations, up to 2 GB, until the result is disposed.</summary>
    public static Kept Keep()
    {
        lock (Gate)
        {
            if (Set != null && keeping++ == 0)
                Choose(0, LargestThreshold, int.MaxValue, Heap);
        }
        return default;
    }

    private static void Choose(int mostMapped, int mapFrom, int trimFrom, int padding)
    {
        _ = Set(Padding, padding);
        _ = Set(MostMapped, mostMapped);
        _ = Set(MapThreshold, mapFrom);
        _ = Set(TrimThreshold, trimFrom);
    }

    private static nint Find(string name) =>
        OperatingSystem.IsLinux() && NativeLibrary.TryLoad("libc.so.6", out nint library) && NativeLibrary.TryGetExport(library, name, out nint found) ? found : 0; // not in musl

    /// <summary>Ends with the last of those that keep.</summary>
    public readonly struct Kept : IDisposable
    {
        public void Dispose()
        {
            lock (Gate)
            {
                if (Set == null || --keeping > 0)
                    return;
                Choose(Unchanged, LargestThreshold, 2 * LargestThreshold, UnchangedPadding);
            }
            Return();
        }
    }
}
