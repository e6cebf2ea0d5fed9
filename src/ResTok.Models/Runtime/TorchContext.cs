using System.Runtime.InteropServices;

namespace ResTok.Models.Runtime;

/// <summary>libtorch's own switches of kernels, which TorchSharp does not offer: two functions of <c>at::Context</c>.</summary>
internal static unsafe class TorchContext
{
    /// <summary>Whether products and convolutions may go to oneDNN.</summary>
    /// <returns>False where this libtorch has no such switch.</returns>
    public static bool UseOneDnn(nint libtorch, bool value) =>
        Set(libtorch, "_ZN2at7Context20setUserEnabledMkldnnEb", "?setUserEnabledMkldnn@Context@at@@QEAAX_N@Z", value);

    /// <summary>Whether products and convolutions go to oneDNN; false also where this libtorch does not say.</summary>
    public static bool UsesOneDnn(nint libtorch) =>
        NativeLibrary.TryGetExport(libtorch, "_ZN2at13globalContextEv", out nint context) && NativeLibrary.TryGetExport(libtorch, "_ZNK2at7Context17userEnabledMkldnnEv", out nint getter)
        && ((delegate* unmanaged<nint, byte>)getter)(((delegate* unmanaged<nint>)context)()) != 0;

    /// <summary>Whether convolutions may go to NNPACK.</summary>
    /// <inheritdoc cref="UseOneDnn"/>
    public static bool UseNnpack(nint libtorch, bool value) =>
        Set(libtorch, "_ZN2at7Context20setUserEnabledNNPACKEb", "?setUserEnabledNNPACK@Context@at@@QEAAX_N@Z", value);

    private static bool Set(nint libtorch, string name, string windowsName, bool value)
    {
        bool isWindows = OperatingSystem.IsWindows();
        if (!NativeLibrary.TryGetExport(libtorch, isWindows ? "?globalContext@at@@YAAEAVContext@1@XZ" : "_ZN2at13globalContextEv", out nint context)
            || !NativeLibrary.TryGetExport(libtorch, isWindows ? windowsName : name, out nint setter))
            return false;
        ((delegate* unmanaged<nint, byte, void>)setter)(((delegate* unmanaged<nint>)context)(), value ? (byte)1 : (byte)0);
        return true;
    }
}
