using System.Runtime.InteropServices;

namespace ResTok.Models.Runtime;

/// <summary>How many threads libtorch's own operations use when the calling thread calls them: a setting of that thread alone.</summary>
internal static unsafe class OpenMp
{
    private static delegate* unmanaged<int, void> setThreads;

    /// <param name="libtorch">Handle of libtorch_cpu, whose OpenMP this is; on Windows it is not found, and nothing is set.</param>
    public static void Find(nint libtorch)
    {
        if (NativeLibrary.TryGetExport(libtorch, "omp_set_num_threads", out nint setter))
            setThreads = (delegate* unmanaged<int, void>)setter;
    }

    public static bool IsKnown => setThreads != null;

    public static void SetThreads(int count) => setThreads(count);
}
