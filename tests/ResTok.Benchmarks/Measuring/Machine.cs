using System.Globalization;
using TorchSharp;

namespace ResTok.Benchmarks.Measuring;

/// <summary>What a table was measured on.</summary>
internal static class Machine
{
    public static string Describe()
    {
        string flags = Of("/proc/cpuinfo", "flags");
        string[] formats = [.. new[] { "avx2", "avx512f", "avx512_bf16", "amx_bf16" }.Where(flag => flags.Split(' ').Contains(flag))];
        string load = File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";
        string model = Of("/proc/cpuinfo", "model name"), family = Of("/proc/cpuinfo", "cpu family"), number = Of("/proc/cpuinfo", "model");
        return string.Create(CultureInfo.InvariantCulture,
            $"{model} (family {family} model {number}), {Environment.ProcessorCount} cores, {torch.get_num_threads()} threads, {string.Join(' ', formats)}, "
            + $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:0} GB, libtorch {torch.__version__}, .NET {Environment.Version}; load before {load}");
    }

    /// <summary>The value of a key in a file of <c>key : value</c> lines, as Linux has them.</summary>
    private static string Of(string file, string key)
    {
        string? line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line => line.Split(':')[0].Trim() == key) : null;
        return line is null ? "unknown" : line.Split(':', 2)[1].Trim();
    }
}
