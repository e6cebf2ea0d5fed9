using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Runtime;

/// <summary>What kernels of our own need of a tensor and TorchSharp does not give: its memory where it is a strided view, and its version.</summary>
internal static unsafe partial class TensorMemory
{
    private const int HugePages = 14, PageOut = 21; // MADV_HUGEPAGE, MADV_PAGEOUT
    private const long Page = 4096, WorthAdvice = LargePage;

    /// <summary>Bytes of a large page.</summary>
    public const long LargePage = 2 << 20;

    private static delegate* unmanaged<nint, nint> data;
    private static delegate* unmanaged<nint, long> version;
    private static delegate* unmanaged<void*, delegate* unmanaged<void*, void>, long*, int, sbyte, sbyte, int, int, byte, nint> create;

    /// <summary>Whether this libtorch has all of it.</summary>
    public static bool IsKnown => create != null;

    /// <param name="libtorch">Handle of libtorch_cpu.</param>
    public static void Find(nint libtorch)
    {
        if (!NativeLibrary.TryLoad("LibTorchSharp", typeof(torch).Assembly, null, out nint bridge)
            || !NativeLibrary.TryGetExport(bridge, "THSTensor_data", out nint ofData)
            || !NativeLibrary.TryGetExport(libtorch, OperatingSystem.IsWindows() ? "?_version@TensorBase@at@@QEBA_JXZ" : "_ZNK2at10TensorBase8_versionEv", out nint ofVersion)
            || !NativeLibrary.TryGetExport(bridge, "THSTensor_new", out nint ofCreate))
            return;
        data = (delegate* unmanaged<nint, nint>)ofData;
        version = (delegate* unmanaged<nint, long>)ofVersion;
        create = (delegate* unmanaged<void*, delegate* unmanaged<void*, void>, long*, int, sbyte, sbyte, int, int, byte, nint>)ofCreate;
    }

    /// <summary>The first element of a float32 CPU tensor, which the caller keeps.</summary>
    public static float* Floats(Tensor tensor) => (float*)data(tensor.Handle);

    /// <summary>Grows with every operation that writes into the tensor, or into another view of its memory.</summary>
    public static long Version(Tensor tensor) => version(tensor.Handle);

    /// <summary>A CPU tensor in memory of our own.</summary>
    /// <param name="start">Its first element.</param>
    /// <param name="free">Is called with <paramref name="start"/> when the last tensor that shares the memory is gone.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="type">float32 or float64.</param>
    public static Tensor Wrap(void* start, delegate* unmanaged<void*, void> free, ReadOnlySpan<long> shape, ScalarType type)
    {
        fixed (long* sizes = shape)
        {
            nint handle = create(start, free, sizes, shape.Length, (sbyte)type, (sbyte)type, (int)DeviceType.CPU, -1, 0);
            if (handle == 0)
                CheckForErrors();
            return Tensor.UnsafeCreateTensor(handle);
        }
    }

    /// <summary>Asks for large pages under fresh memory, before it is written: it then has 512 times fewer page faults.</summary>
    public static void PreferLargePages(void* start, long bytes) => Advise(start, bytes, HugePages);

    /// <summary>Lets go of the memory behind what will hardly be read again; of a mapped file it is then read anew. Nothing is lost.</summary>
    public static void LetGo(void* start, long bytes) => Advise(start, bytes, PageOut);

    private static void Advise(void* start, long bytes, int advice)
    {
        if (bytes < WorthAdvice || !OperatingSystem.IsLinux())
            return;
        nint first = (nint)(((long)start + Page - 1) / Page * Page), end = (nint)(((long)start + bytes) / Page * Page);
        _ = Advise(first, end - first, advice); // advice: where it is not taken, nothing changes
    }

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nint bytes, int advice);
}
