using System.Runtime.InteropServices;

namespace ResTok.Models.Runtime;

/// <summary>Why libtorch does not load here, in words that help.</summary>
internal static class LoadingAdvice
{
    public const string MissingPackage =
        "The native libtorch was not found. Add one package to the program that runs (not to a library): TorchSharp-cpu, "
        + "TorchSharp-cuda-linux or TorchSharp-cuda-windows, of the same version as TorchSharp.";

    public static string LibtorchFile =>
        OperatingSystem.IsWindows() ? "torch_cpu.dll" : OperatingSystem.IsMacOS() ? "libtorch_cpu.dylib" : "libtorch_cpu.so";

    /// <exception cref="TorchRuntimeException">The system is one that libtorch is not made for, or the process is in no state to load it.</exception>
    public static void ThrowIfHopeless()
    {
        if (Unsupported(RuntimeInformation.RuntimeIdentifier, RuntimeInformation.ProcessArchitecture) is { } reason)
            throw new TorchRuntimeException(reason);
        // MKL asks for it at its first product, and ends the process where there is none.
        if (!WorkingFolderExists())
            throw new TorchRuntimeException("The working directory of this process was deleted, and libtorch's MKL would end the process. Change to one that exists (Directory.SetCurrentDirectory) before the first use of a model.");
    }

    /// <returns>Null where TorchSharp's packages have a libtorch for the system.</returns>
    internal static string? Unsupported(string runtimeIdentifier, Architecture architecture)
    {
        if (runtimeIdentifier.Contains("musl", StringComparison.Ordinal) || runtimeIdentifier.StartsWith("alpine", StringComparison.Ordinal))
            return "libtorch is not made for musl (Alpine Linux). Use an image with glibc, as Debian 12 or Ubuntu 24.04.";
        string? system = runtimeIdentifier.StartsWith("osx", StringComparison.Ordinal) ? "osx" : runtimeIdentifier.StartsWith("win", StringComparison.Ordinal) ? "win" : "linux";
        Architecture made = system == "osx" ? Architecture.Arm64 : Architecture.X64;
        return architecture == made ? null
            : $"TorchSharp's packages have no libtorch for {runtimeIdentifier} (a process of {architecture}), only for Linux x64, Windows x64 and macOS arm64.";
    }

    /// <summary>Tells a package that is missing from one whose library does not load.</summary>
    public static TorchRuntimeException Explain(IReadOnlyList<string> folders, Exception failure)
    {
        if (NativeLibraries.Find(folders, LibtorchFile) is not { } libtorch)
            return new(MissingPackage, failure);
        try
        {
            NativeLibraries.Load(libtorch);
            return new($"{libtorch} loads, but TorchSharp does not start: {Innermost(failure)} Use TorchSharp and its libtorch package in one version.", failure);
        }
        catch (TorchRuntimeException fault)
        {
            string advice = OperatingSystem.IsWindows() && !NativeLibrary.TryLoad("vcruntime140_1.dll", out _)
                ? " The Visual C++ runtime is missing: install the Microsoft Visual C++ Redistributable 2015-2022 (x64)."
                : OperatingSystem.IsMacOS() ? " If it asks for libomp.dylib: brew install libomp." : "";
            return new(fault.Message + advice, failure);
        }
    }

    private static string Innermost(Exception failure) => failure.GetBaseException().Message.TrimEnd('.') + ".";

    private static bool WorkingFolderExists()
    {
        try
        {
            return Directory.Exists(Directory.GetCurrentDirectory());
        }
        catch (IOException)
        {
            return false;
        }
    }
}
