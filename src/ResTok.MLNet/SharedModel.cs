using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Interop;
using ResTok.Models;
using TorchSharp;

namespace ResTok.MLNet;

/// <summary>
/// Weights shared by handles and transformers. Loaded on first use, freed when the last reference is gone and the last run has
/// ended.
/// </summary>
/// <param name="precision">What the weights are loaded in.</param>
/// <param name="path">Where they are, or null where they are in memory.</param>
/// <param name="byReference">Whether a saved pipeline is to store the path in place of the weights.</param>
internal abstract class SharedModel(Precision precision, string? path, bool byReference)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, PretrainedModel> loaded = []; // by device
    private int references = 1;

    public Precision Precision => precision;

    /// <summary>The path that a saved pipeline is to store in place of the weights, or null to store the weights.</summary>
    public string? Reference => byReference ? path : null;

    /// <exception cref="ObjectDisposedException">The last reference is gone.</exception>
    public void AddReference()
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(references == 0, GetType());
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
    public void Save(IHostEnvironment environment, Stream config, Stream weights)
    {
        PretrainedModel model = Acquire(environment);
        try
        {
            model.Save(config, weights);
        }
        finally
        {
            Release();
        }
    }

    /// <summary>Takes over a model in memory.</summary>
    protected void Hold(PretrainedModel model) => loaded.Add("", model);

    /// <summary>The model, loaded if it was not, with a reference that the caller releases.</summary>
    protected PretrainedModel Acquire(IHostEnvironment environment)
    {
        AddReference();
        try
        {
            lock (gate)
                return path is null ? loaded[""] : LoadOn(environment, path);
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <summary>What the model is, for messages.</summary>
    protected abstract string Name { get; }

    protected abstract PretrainedModel Open(string path, torch.Device device);

    private PretrainedModel LoadOn(IHostEnvironment environment, string path)
    {
        torch.Device device = TorchDevice.Choose(environment);
        string key = device.ToString();
        if (!loaded.TryGetValue(key, out PretrainedModel? model))
        {
            long start = Stopwatch.GetTimestamp();
            loaded[key] = model = Open(path, device);
            MLNetInternals.LogInfo(environment, string.Create(CultureInfo.InvariantCulture,
                $"Loaded the {Name} {path} on {device} in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s ({Precision})."));
        }
        return model;
    }
}

/// <summary>Shared weights of one kind.</summary>
internal sealed class SharedModel<TModel, TConfig>(
    ModelKind<TModel, TConfig> kind, TConfig config, Precision precision, string? path, bool byReference) : SharedModel(precision, path, byReference)
    where TModel : PretrainedModel
{
    public TConfig Config => config;

    /// <summary>Takes over a model in memory.</summary>
    public static SharedModel<TModel, TConfig> Of(ModelKind<TModel, TConfig> kind, TModel model)
    {
        var shared = new SharedModel<TModel, TConfig>(kind, kind.ConfigOf(model), model.Precision, null, false);
        shared.Hold(model);
        return shared;
    }

    /// <summary>Another reference, for a transformer that will release it.</summary>
    /// <exception cref="ObjectDisposedException">The last reference is gone.</exception>
    public SharedModel<TModel, TConfig> Share()
    {
        AddReference();
        return this;
    }

    /// <summary>The model, loaded if it was not, and kept at least as long as the lease.</summary>
    public Lease Use(IHostEnvironment environment) => new(this, (TModel)Acquire(environment));

    protected override string Name => kind.Name;

    protected override PretrainedModel Open(string path, torch.Device device) => kind.Open(path, device, Precision);

    internal readonly struct Lease(SharedModel owner, TModel model) : IDisposable
    {
        public TModel Model => model;

        public void Dispose() => owner.Release();
    }
}
