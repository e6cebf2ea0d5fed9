using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Backends;
using ResTok.MLNet.Interop;
using ResTok.MLNet.Onnx.Format;

namespace ResTok.MLNet.Onnx.Running;

/// <summary>ONNX Runtime for the stages of pipelines. ResTok.MLNet finds this type by its name.</summary>
internal sealed class OnnxBackend : IOnnxRuntime
{
    private static readonly ConcurrentDictionary<string, string?> Faults = new(); // of GPUs that were tried; null where one works

    public (string Device, string? Warning) FindDevice(IHostEnvironment environment)
    {
        (int? gpu, bool fallback) = MLNetInternals.DeviceChoice(environment);
        if (gpu is not { } index)
            return (SharedWeights.Cpu, null);
        string[] providers = OnnxFolder.Native(() => OrtEnv.Instance().GetAvailableProviders(), fault => fault);
        string? kind = providers.Contains("CUDAExecutionProvider") ? "cuda" : providers.Contains("DmlExecutionProvider") ? "dml" : null;
        string device = string.Create(CultureInfo.InvariantCulture, $"{kind}:{index}");
        string missing = $"GPU {index} was asked for (MLContext.GpuDeviceId), but ";
        if (kind is null)
            missing += $"this program's ONNX Runtime has only {string.Join(", ", providers)}. Reference Microsoft.ML.OnnxRuntime.Gpu (CUDA) or, on Windows, Microsoft.ML.OnnxRuntime.DirectML instead of Microsoft.ML.OnnxRuntime";
        else if (Faults.GetOrAdd(device, Try) is { } fault)
            missing += $"ONNX Runtime cannot use {device}: {fault} Check the device, its driver and, for CUDA, that CUDA and cuDNN are installed";
        else
            return (device, null);
        if (!fallback)
            throw new InvalidOperationException(missing + ", or set MLContext.FallbackToCpu to true.");
        return (SharedWeights.Cpu, missing + ". Computing on the CPU.");
    }

    public IDisposable OpenTokenizer(OnnxFiles files, string device)
    {
        using SessionOptions options = OptionsFor(device);
        return OnnxTokenizer.Open(files, options);
    }

    public IDisposable OpenGenerator(OnnxFiles files, string device)
    {
        using SessionOptions options = OptionsFor(device);
        return OnnxGenerator.Open(files, options);
    }

    /// <summary>Calls ONNX Runtime to compute; where it fails, as a device does.</summary>
    /// <exception cref="ExternalException">It fails. Of missing memory, the message says so in the words that libtorch has for it.</exception>
    public static T Compute<T>(Func<T> call) => OnnxFolder.Native(call, fault => new ExternalException(
        fault.Message.Contains("Failed to allocate memory", StringComparison.Ordinal) || fault.Message.Contains("bad_alloc", StringComparison.Ordinal)
            ? $"out of memory: {fault.Message}"
            : fault.Message, fault));

    /// <summary>Runs a graph that does nothing: whether there is such a device, its driver and its libraries shows only then.</summary>
    private static string? Try(string device)
    {
        var graph = new OnnxGraph("nothing");
        graph.Output("y", graph.Input("x", ElementType.Float32, 1), 1);
        var model = new ModelProto { IrVersion = OnnxFile.IrVersion, Graph = graph.Proto, OpsetImport = { new OperatorSetIdProto { Version = OnnxFile.Opset } } };
        try
        {
            using SessionOptions options = OptionsFor(device);
            using var session = new InferenceSession(model.ToByteArray(), options);
            return null;
        }
        catch (Exception fault) when (fault is OnnxRuntimeException or DllNotFoundException or EntryPointNotFoundException)
        {
            return fault.Message.Split('\n')[0].TrimEnd('.', ' ') + ".";
        }
    }

    /// <summary>Products of CUDA are to be of float32 and not of TF32, which has 10 bits of it and would change tokens.</summary>
    private static SessionOptions OptionsFor(string device)
    {
        var options = new SessionOptions();
        try
        {
            switch (device.Split(':'))
            {
                case ["cuda", var index]:
                    using (var cuda = new OrtCUDAProviderOptions())
                    {
                        cuda.UpdateOptions(new Dictionary<string, string> { ["device_id"] = index, ["use_tf32"] = "0" });
                        options.AppendExecutionProvider_CUDA(cuda);
                    }
                    break;
                case ["dml", var index]: // which wants these two
                    options.EnableMemoryPattern = false;
                    options.ExecutionMode = ExecutionMode.ORT_SEQUENTIAL;
                    options.AppendExecutionProvider_DML(int.Parse(index, CultureInfo.InvariantCulture));
                    break;
            }
            return options;
        }
        catch
        {
            options.Dispose();
            throw;
        }
    }
}
