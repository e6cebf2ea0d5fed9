namespace ResTok.Benchmarks.Measuring;

/// <summary>Memory of this process, as Linux counts it.</summary>
internal static class ProcessMemory
{
    /// <summary>The most that was ever resident, in bytes: <c>VmHWM</c>.</summary>
    public static long Peak => 1024 * long.Parse(
        File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1].Trim());
}
