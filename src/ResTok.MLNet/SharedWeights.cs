using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Interop;
using ResTok.Models;
using TorchSharp;

namespace ResTok.MLNet;

/// <summary>
/// Weights shared by handles and transformers. Loaded on first use, freed when the last reference is gone; calls of the model that are
/// under way then still come to their end, and later ones throw.
/// </summary>
/// <param name="name">What the model is and where it comes from, for messages.</param>
/// <param name="precision">What the weights are loaded in.</param>
/// <param name="open">Loads them on a device.</param>
/// <param name="reference">The path that a saved pipeline is to store in place of the weights, or null to store the weights.</param>
/// <param name="find">Finds the device, and what to say where it is not the one that was asked for; by default the one that the <see cref="Microsoft.ML.MLContext"/> asks for.</param>
internal sealed class SharedWeights(
    string name, Precision precision, Func<torch.Device, PretrainedModel> open, string? reference = null, Func<IHostEnvironment, (torch.Device Device, string? Warning)>? find = null)
{
    private readonly Func<IHostEnvironment, (torch.Device Device, string? Warning)> find = find ?? TorchDevice.Find;
    private readonly Lock gate = new();
    private readonly Dictionary<string, PretrainedModel> loaded = []; // by device
    private int references = 1;
    private bool hasFallenBack;

    /// <summary>What the model is and where it comes from, for messages.</summary>
    public string Name => name;

    public Precision Precision => precision;

    /// <summary>The path that a saved pipeline is to store in place of the weights, or null to store the weights.</summary>
    public string? Reference => reference;

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
            foreach (PretrainedModel model in loaded.Values)
                model.Dispose();
            loaded.Clear();
        }
    }

    /// <summary>Saves configuration and weights.</summary>
    public void Save(IHostEnvironment environment, Stream config, Stream weights) => Get(environment).Save(config, weights);

    /// <summary>Where the model computes for who asks now.</summary>
    public torch.Device DeviceFor(IHostEnvironment environment)
    {
        lock (gate)
            return hasFallenBack ? torch.CPU : loaded.TryGetValue("", out PretrainedModel? held) ? held.Device : find(environment).Device;
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
    public PretrainedModel Get(IHostEnvironment environment)
    {
        lock (gate)
        {
            ThrowIfDisposed();
            return !hasFallenBack && loaded.TryGetValue("", out PretrainedModel? held) ? held : LoadOn(environment);
        }
    }

    /// <summary>The model on some device, loaded on the CPU if it is on none.</summary>
    /// <exception cref="ObjectDisposedException">The last reference is gone.</exception>
    public PretrainedModel Any()
    {
        lock (gate)
        {
            ThrowIfDisposed();
            if (loaded.Count == 0)
                loaded[torch.CPU.ToString()] = open(torch.CPU);
            return loaded.Values.First();
        }
    }

    private void ThrowIfDisposed()
    {
        if (references == 0)
            throw new ObjectDisposedException(name, $"The {name} was disposed, with the pipeline or the handle that held it. A PredictionEngine disposes its pipeline with itself: to use one pipeline in several engines, make each with new PredictionEngineOptions {{ OwnsTransformer = false }}, and dispose the pipeline at the end.");
    }

    private PretrainedModel LoadOn(IHostEnvironment environment)
    {
        (torch.Device device, string? warning) = hasFallenBack ? (torch.CPU, null) : find(environment);
        string key = device.ToString();
        if (!loaded.TryGetValue(key, out PretrainedModel? model))
        {
            if (warning is not null)
                MLNetInternals.LogWarning(environment, warning);
            long start = Stopwatch.GetTimestamp();
            loaded[key] = model = open(device);
            MLNetInternals.LogInfo(environment, string.Create(CultureInfo.InvariantCulture,
                $"Loaded the {name} on {device} in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s ({Precision})."));
        }
        return model;
    }
}
