using Microsoft.ML.Runtime;
using ResTok.MLNet.Interop;
using ResTok.Models.Runtime;
using TorchSharp;

namespace ResTok.MLNet;

/// <summary>The device that an <see cref="Microsoft.ML.MLContext"/> asks for.</summary>
internal static class TorchDevice
{
    private static int noticesLogged;

    /// <inheritdoc cref="Find" path="/exception"/>
    public static torch.Device Choose(IHostEnvironment environment)
    {
        (string device, string? warning) = Find(environment);
        if (warning is not null)
            MLNetInternals.LogWarning(environment, warning);
        return torch.device(device);
    }

    /// <returns>The device by its name, and what to say where it is not the one that was asked for.</returns>
    /// <exception cref="InvalidOperationException">A GPU is asked for, there is none, and falling back is not allowed.</exception>
    public static (string Device, string? Warning) Find(IHostEnvironment environment)
    {
        TorchRuntime.EnsureLoaded();
        LogProcessorNotice(environment);
        (int? gpu, bool fallback) = MLNetInternals.DeviceChoice(environment);
        if (gpu is not { } index)
            return (SharedWeights.Cpu, null);
        if (torch.cuda.is_available() && index < torch.cuda.device_count())
            return (torch.device(DeviceType.CUDA, index).ToString(), null);
        string missing = $"GPU {index} was asked for (MLContext.GpuDeviceId), but libtorch sees {(torch.cuda.is_available() ? torch.cuda.device_count() : 0)} GPUs. "
            + "Reference TorchSharp-cuda-linux or TorchSharp-cuda-windows instead of TorchSharp-cpu, and check the driver";
        if (!fallback)
            throw new InvalidOperationException(missing + ", or set MLContext.FallbackToCpu to true.");
        return (SharedWeights.Cpu, missing + ". Computing on the CPU.");
    }

    /// <summary>Once a process: what was done about its processor.</summary>
    private static void LogProcessorNotice(IHostEnvironment environment)
    {
        if (TorchRuntime.ProcessorNotice is not { } notice || Interlocked.Exchange(ref noticesLogged, 1) != 0)
            return;
        if (TorchRuntime.IsSlowed)
            MLNetInternals.LogWarning(environment, notice);
        else
            MLNetInternals.LogTrace(environment, notice);
    }
}
