using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using TorchSharp;

namespace ResTok.Models.Runtime;

/// <summary>
/// Loads libtorch. Every entry point of this library calls it; a program that makes tensors of its own before it touches
/// this library calls <see cref="EnsureLoaded"/> first.
/// </summary>
/// <remarks>
/// TorchSharp 0.107.0 asks for the libstdc++ of GCC 13 and so does not load on Debian 12, Ubuntu 22.04 or RHEL 9. There, and
/// only for exactly that library file, a private copy that is content with their libstdc++ is written to the user's
/// cache folder (<c>$XDG_CACHE_HOME/restok/native</c> or <c>~/.cache/restok/native</c>; failing these, the folder for temporary files or
/// memory) and loaded instead. Nothing installed is
/// changed. <c>RESTOK_NATIVE_COMPAT=0</c> switches this off. On virtual machines that hide the processor's caches, where oneDNN's
/// kernels compute wrong results, oneDNN is told their sizes or is not used (<c>RESTOK_KERNELS=auto|safe|plain</c>).
/// </remarks>
public static class TorchRuntime
{
    internal const string BridgeFile = "libLibTorchSharp.so";
    internal const string WantedVersion = "GLIBCXX_3.4.32";

    /// <summary>SHA-256 of the bridges that may be relinked: TorchSharp 0.107.0 for linux-x64.</summary>
    private const string KnownBridge = "cf33b1b0bb6bbb9754a768fb5c5d04d9f498603be50e73f55621a0b40ee608b8";

    /// <summary>What the bridge needs, in loading order; the CUDA libraries are there only in the CUDA packages.</summary>
    private static readonly string[] Dependencies = ["libgomp*.so*", "libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"];

    private static readonly string[] OutOfMemory = ["out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED"]; // CUDA, CPU, Windows, cuDNN and cuBLAS

    private static readonly Lock Gate = new();
    private static volatile bool loaded, isSound;
    private static TorchRuntimeException? fault;

    /// <summary>
    /// What was found of a processor on which libtorch's kernels would be wrong, and what was done about it, in one line; null where there
    /// was nothing to do, or libtorch is not loaded yet. ML.NET's log gets it too.
    /// </summary>
    public static string? ProcessorNotice { get; private set; }

    /// <summary>Whether what <see cref="ProcessorNotice"/> says costs speed.</summary>
    public static bool IsSlowed { get; private set; }

    /// <summary>Whether temporary scalars live through the calls they are given to.</summary>
    internal static bool AreScalarsKept { get; private set; }

    /// <summary>
    /// Loads libtorch once for the process, and compares a few of its kernels with plain arithmetic. Later calls cost nothing; several
    /// threads may call at once.
    /// </summary>
    /// <exception cref="TorchRuntimeException">
    /// It cannot be loaded, or computes wrong results on this processor; the message says why and what to do.
    /// </exception>
    public static void EnsureLoaded()
    {
        if (isSound)
            return;
        lock (Gate)
        {
            Load();
            fault ??= KernelCheck.Run();
            if (fault is not null)
                throw fault;
            isSound = true;
        }
    }

    /// <summary>Loads libtorch without judging its kernels, for those that judge them.</summary>
    internal static void Load()
    {
        lock (Gate)
        {
            if (loaded)
                return;
            LoadingAdvice.ThrowIfHopeless();
            IReadOnlyList<string> folders = NativeLibraries.SearchFolders();
            if (OperatingSystem.IsLinux())
                LoadOnLinux(folders);
            else if (OperatingSystem.IsMacOS() && NativeLibraries.Find(folders, "libomp.dylib") is { } openMp)
                NativeLibraries.Load(openMp); // libtorch asks for Homebrew's, which is taken for loaded once one of that name is
            try
            {
                torch.InitializeDeviceType(DeviceType.CPU);
            }
            catch (Exception failure) when (failure is NotSupportedException or TypeInitializationException or DllNotFoundException)
            {
                throw LoadingAdvice.Explain(folders, failure);
            }
            if (!NativeLibrary.TryLoad(LoadingAdvice.LibtorchFile, out nint libtorch))
                throw new TorchRuntimeException($"{LoadingAdvice.LibtorchFile} is loaded, but not under its name; use the libtorch of TorchSharp's packages.");
            TorchContext.UseNnpack(libtorch, false); // never the fastest here, and warns at every convolution where it cannot start
            if (ProcessorCure.Apply(Environment.GetEnvironmentVariable(ProcessorCure.Setting), libtorch, ProcessorCaches.Believed(), OneDnnCaches.Find) is { } cure)
                (ProcessorNotice, IsSlowed) = cure;
            AreScalarsKept = ScalarKeeper.Start();
            TensorMemory.Find(libtorch);
            if (Environment.GetEnvironmentVariable(ProcessorCure.Setting) != ProcessorCure.Plain)
                BfloatProduct.Find(libtorch);
            OpenMp.Find(libtorch);
            if (Environment.GetEnvironmentVariable("OMP_NUM_THREADS") is null && torch.get_num_threads() > Environment.ProcessorCount)
                torch.set_num_threads(Environment.ProcessorCount); // of .NET: within a container's limit, and DOTNET_PROCESSOR_COUNT
            loaded = true;
        }
    }

    /// <summary>Whether a fault of a computation means that the device has no memory left, so that a smaller batch may go through.</summary>
    /// <param name="fault">What a call of a model threw.</param>
    public static bool IsOutOfMemory(Exception fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        // libtorch has no error codes. An "illegal memory access" is another fault.
        return fault is ExternalException && OutOfMemory.Any(text => fault.Message.Contains(text, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>
    /// Loads the libraries by full path. TorchSharp looks its bridge up by name and then finds the one already loaded; left to
    /// itself it would, where the bridge does not load, copy half a gigabyte into the program's folder before it gives up.
    /// </summary>
    [SupportedOSPlatform("linux")]
    internal static void LoadOnLinux(IReadOnlyList<string> folders)
    {
        string torchFolder = NativeLibraries.Find(folders, "libtorch_cpu.so") is { } libtorch
            ? Path.GetDirectoryName(libtorch)!
            : throw new TorchRuntimeException(LoadingAdvice.MissingPackage);
        string bridge = NativeLibraries.Find(folders, BridgeFile) ?? throw new TorchRuntimeException(
            $"{BridgeFile} of the TorchSharp package was not found in: {string.Join(", ", folders)}. "
            + "Restore and build again; a published program must keep its 'runtimes' folder.");
        foreach (string file in Dependencies.SelectMany(pattern => Directory.GetFiles(torchFolder, pattern).Order(StringComparer.Ordinal)))
            NativeLibraries.Load(file);
        if (NativeLibrary.TryLoad(bridge, out _))
            return;
        NativeLibraries.Load(Compatible(bridge, Environment.GetEnvironmentVariable("RESTOK_NATIVE_COMPAT"), PrivateCache.Folders(Environment.GetEnvironmentVariable)));
    }

    /// <summary>Gives the path of a copy of the bridge that an older libstdc++ satisfies.</summary>
    [SupportedOSPlatform("linux")]
    internal static string Compatible(string bridge, string? setting, IEnumerable<string> cacheFolders)
    {
        byte[] original = File.ReadAllBytes(bridge);
        if (setting == "0")
            throw new TorchRuntimeException(TooOld(bridge, "RESTOK_NATIVE_COMPAT=0 switches the built-in remedy off; unset it"));
        string hash = Convert.ToHexStringLower(SHA256.HashData(original));
        if (hash != KnownBridge)
            throw new TorchRuntimeException(TooOld(bridge, $"the built-in remedy knows only the file of TorchSharp 0.107.0 for linux-x64, not this one (SHA-256 {hash}); use that version"));
        return PrivateCache.Place(cacheFolders, hash[..16], BridgeFile, ElfRelinker.Relink(original));
    }

    private static string TooOld(string bridge, string remedy) =>
        $"{bridge} does not load: it wants libstdc++.so.6 with {WantedVersion} (GCC 13.2), and {NativeLibraries.Distribution()} has "
        + $"{NativeLibraries.NewestStandardLibraryVersion() ?? "another fault or no libstdc++ at all"}. What helps: a newer system or container image (Debian 13, Ubuntu 24.04), or: {remedy}.";
}
