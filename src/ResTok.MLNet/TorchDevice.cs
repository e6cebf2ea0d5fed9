using Microsoft.ML.Runtime;
using ResTok.MLNet.Interop;
using ResTok.Models.Runtime;
using TorchSharp;

namespace ResTok.MLNet;

/// <summary>The device that an <see cref="Microsoft.ML.MLContext"/> asks for.</summary>
internal static class TorchDevice
{
    /// <exception cref="InvalidOperationException">A GPU is asked for, there is none, and falling back is not allowed.</exception>
    public static torch.Device Choose(IHostEnvironment environment)
    {
        TorchRuntime.EnsureLoaded();
        (int? gpu, bool fallback) = MLNetInternals.DeviceChoice(environment);
        if (gpu is not { } index)
            return torch.CPU;
        if (torch.cuda.is_available() && index < torch.cuda.device_count())
            return torch.device(DeviceType.CUDA, index);
        string missing = $"GPU {index} was asked for (MLContext.GpuDeviceId), but libtorch sees {(torch.cuda.is_available() ? torch.cuda.device_count() : 0)} GPUs. "
            + "Reference TorchSharp-cuda-linux or TorchSharp-cuda-windows instead of TorchSharp-cpu, and check the driver";
        if (!fallback)
            throw new InvalidOperationException(missing + ", or set MLContext.FallbackToCpu to true.");
        MLNetInternals.LogWarning(environment, missing + ". Computing on the CPU.");
        return torch.CPU;
    }
}
