using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Backends;
using ResTok.MLNet.Interop;
using ResTok.Models;

namespace ResTok.MLNet;

/// <summary>
/// Weights shared by handles and transformers. Loaded on first use, freed when the last reference is gone; calls of the model that are
/// under way then still come to their end, and later ones throw.
/// </summary>
/// <param name="name">What the model is and where it comes from, for messages.</param>
/// <param name="precision">What the weights are loaded in.</param>
/// <param name="open">Loads them on a device: a <see cref="PretrainedModel"/>, or what the package ResTok.MLNet.Onnx makes of ONNX files.</param>
/// <param name="find">Finds the device that the <see cref="Microsoft.ML.MLContext"/> asks for, and what to say where it is another.</param>
/// <param name="reference">The path that a saved pipeline is to store in place of the weights, or null to store the weights.</param>
/// <param name="files">The ONNX files that the weights are in, which are let go of with them; null for libtorch.</param>
internal sealed class SharedWeights(
    string name, Precision precision, Func<string, IDisposable> open, Func<IHostEnvironment, (string Device, string? Warning)> find, string? reference = null, OnnxFiles? files = null)
{
    /// <summary>The device that is always there.</summary>
    public const string Cpu = "cpu";

    private readonly Lock gate = new();
    private readonly Dictionary<string, IDisposable> loaded = []; // by device
    private int references = 1;
    private bool hasFallenBack;

    /// <summary>What the model is and where it comes from, for messages.</summary>
    public string Name => name;

    public Precision Precision => precision;

    /// <summary>The path that a saved pipeline is to store in place of the weights, or null to store the weights.</summary>
    public string? Reference => reference;

    /// <summary>The ONNX files that the weights are in; null for libtorch.</summary>
    public OnnxFiles? Files => files;

    /// <exception cref="ObjectDisposedException">The last reference is gone.</exception>
    public void AddReference()
    {
        lock (gate)
        {
            ThrowIfDisposed();
            references++;
        }
    }

    public void Release()
    {
        lock (gate)
        {
            if (--references > 0)
                return;
            foreach (IDisposable model in loaded.Values)
                model.Dispose();
            loaded.Clear();
            files?.Dispose();
        }
    }

    /// <summary>Where the model computes for who asks now.</summary>
    public string DeviceFor(IHostEnvironment environment)
    {
        lock (gate)
            return hasFallenBack ? Cpu : loaded.TryGetValue("", out IDisposable? held) ? ((PretrainedModel)held).Device.ToString() : find(environment).Device;
    }

    /// <summary>Computes on the CPU from now on, because the device failed.</summary>
    public void FallBack()
    {
        lock (gate)
            hasFallenBack = true;
    }

    /// <summary>Takes over a model in memory.</summary>
    public void Hold(PretrainedModel model) => loaded.Add("", model);

    /// <summary>The model, loaded if it was not.</summary>
    /// <exception cref="ObjectDisposedException">The last reference is gone.</exception>
    public IDisposable Get(IHostEnvironment environment)
    {
        lock (gate)
        {
            ThrowIfDisposed();
            return !hasFallenBack && loaded.TryGetValue("", out IDisposable? held) ? held : LoadOn(environment);
        }
    }

    /// <summary>The model on some device, loaded on the CPU if it is on none.</summary>
    /// <exception cref="ObjectDisposedException">The last reference is gone.</exception>
    public IDisposable Any()
    {
        lock (gate)
        {
            ThrowIfDisposed();
            if (loaded.Count == 0)
                loaded[Cpu] = open(Cpu);
            return loaded.Values.First();
        }
    }

    private void ThrowIfDisposed()
    {
        if (references == 0)
            throw new ObjectDisposedException(name, $"The {name} was disposed, with the pipeline or the handle that held it. A PredictionEngine disposes its pipeline with itself: to use one pipeline in several engines, make each with new PredictionEngineOptions {{ OwnsTransformer = false }}, and dispose the pipeline at the end.");
    }

    private IDisposable LoadOn(IHostEnvironment environment)
    {
        (string device, string? warning) = hasFallenBack ? (Cpu, null) : find(environment);
        if (!loaded.TryGetValue(device, out IDisposable? model))
        {
            if (warning is not null)
                MLNetInternals.LogWarning(environment, warning);
            long start = Stopwatch.GetTimestamp();
            loaded[device] = model = open(device);
            MLNetInternals.LogInfo(environment, string.Create(CultureInfo.InvariantCulture,
                $"Loaded the {name} on {device} in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s ({(files is null ? $"{Precision}" : "ONNX Runtime")})."));
        }
        return model;
    }
}
