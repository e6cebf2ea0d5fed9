using System.ComponentModel;
using Microsoft.ML.Runtime;
using ResTok.Models.Runtime;
using TorchSharp;

namespace ResTok.MLNet;

/// <summary>What the program's patched copy of Microsoft.ML.TorchSharp calls. Programs need not.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class TorchSharpBridge
{
    /// <summary>Loads libtorch as ResTok does, before a trainer or a saved model of Microsoft.ML.TorchSharp touches TorchSharp.</summary>
    /// <exception cref="TorchRuntimeException">It cannot be loaded; the message says why and what to do.</exception>
    public static void EnsureLoaded() => TorchRuntime.EnsureLoaded();

    /// <summary>Chooses the device as the ResTok stages do: <c>GpuDeviceId</c> with its index, else the CPU.</summary>
    /// <param name="environment">The context of a trainer or transformer.</param>
    /// <exception cref="InvalidOperationException">A GPU is asked for, there is none, and <c>FallbackToCpu</c> is not set.</exception>
    public static torch.Device ChooseDevice(IHostEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        return TorchDevice.Choose(environment);
    }
}
