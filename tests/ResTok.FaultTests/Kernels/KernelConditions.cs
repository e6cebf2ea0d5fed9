using ResTok.Models.Runtime;

namespace ResTok.FaultTests.Kernels;

/// <summary>Under what the kernels are judged.</summary>
/// <param name="Name">Of the condition.</param>
/// <param name="Environment">Variables of the process.</param>
/// <param name="IsFaulty">Whether the fault is simulated: oneDNN takes each cache for 1 byte.</param>
/// <param name="IsCured">Whether it is then told their sizes.</param>
/// <param name="MustFail">Whether wrong results are what is wanted: a check that cannot fail is none.</param>
internal sealed record KernelCondition(string Name, Dictionary<string, string> Environment, bool IsFaulty = false, bool IsCured = false, bool MustFail = false)
{
    public static IReadOnlyList<KernelCondition> All { get; } =
    [
        new("as it is", []),
        new("SSE4.1", new() { ["ONEDNN_MAX_CPU_ISA"] = "SSE41" }),
        new("AVX2", new() { ["ONEDNN_MAX_CPU_ISA"] = "AVX2" }),
        new("AVX-512", new() { ["ONEDNN_MAX_CPU_ISA"] = "AVX512_CORE" }),
        new("libtorch's default code", new() { ["ATEN_CPU_CAPABILITY"] = "default" }),
        new("libtorch's AVX2 code", new() { ["ATEN_CPU_CAPABILITY"] = "avx2" }),
        new("caches hidden, told", new() { [ProcessorCure.Setting] = "plain" }, IsFaulty: true, IsCured: true),
        new("caches hidden, safe", new() { [ProcessorCure.Setting] = "safe" }, IsFaulty: true),
        new("caches hidden, no cure", new() { [ProcessorCure.Setting] = "plain" }, IsFaulty: true, MustFail: true),
    ];

    /// <summary>Brings about the condition in this process.</summary>
    /// <returns>False where the fault cannot be simulated.</returns>
    public bool Enter()
    {
        TorchRuntime.Load();
        if (!IsFaulty)
            return true;
        if (OneDnnCaches.Find() is not { } caches)
            return false;
        caches.Write(new(1, 1, 1));
        if (IsCured)
            caches.Write(ProcessorCaches.Mended());
        if (KernelCheck.Run() is null == MustFail)
            Console.WriteLine($"{KernelChild.Wrong}the check at the start {(MustFail ? "passed" : "failed")}");
        return true;
    }
}
