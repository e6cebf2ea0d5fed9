using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Interop;
using ResTok.Models;

namespace ResTok.MLNet;

/// <summary>
/// Weights shared by handles and transformers. Loaded on first use, freed when the last reference is gone and the last run has
/// ended.
/// </summary>
internal sealed class SharedModel
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, ImageTokenizer> loaded = []; // by device
    private readonly string? path;
    private int references = 1;

    private SharedModel(TokenizerConfig config, Precision precision, string? path, string? reference)
    {
        Config = config;
        Precision = precision;
        this.path = path;
        Reference = reference;
    }

    public TokenizerConfig Config { get; }

    public Precision Precision { get; }

    /// <summary>The path that a saved pipeline is to store in place of the weights, or null to store the weights.</summary>
    public string? Reference { get; }

    public static SharedModel FromPath(string path, Precision precision, bool byReference)
    {
        string full = Path.GetFullPath(path);
        return new(TokenizerConfig.Load(full), precision, full, byReference ? full : null);
    }

    /// <summary>Takes over a tokenizer.</summary>
    public static SharedModel FromTokenizer(ImageTokenizer tokenizer)
    {
        var model = new SharedModel(tokenizer.Config, tokenizer.Precision, null, null);
        model.loaded.Add("", tokenizer);
        return model;
    }

    /// <exception cref="ObjectDisposedException">The last reference is gone.</exception>
    public SharedModel AddReference()
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(references == 0, typeof(ResTokModel));
            references++;
            return this;
        }
    }

    public void Release()
    {
        lock (gate)
        {
            if (--references > 0)
                return;
            foreach (ImageTokenizer tokenizer in loaded.Values)
                tokenizer.Dispose();
            loaded.Clear();
        }
    }

    /// <summary>The tokenizer, loaded if it was not, and kept at least as long as the lease.</summary>
    public Lease Use(IHostEnvironment environment)
    {
        AddReference();
        try
        {
            lock (gate)
                return new(this, path is null ? loaded[""] : LoadOn(environment));
        }
        catch
        {
            Release();
            throw;
        }
    }

    private ImageTokenizer LoadOn(IHostEnvironment environment)
    {
        TorchSharp.torch.Device device = TorchDevice.Choose(environment);
        string key = device.ToString();
        if (!loaded.TryGetValue(key, out ImageTokenizer? tokenizer))
        {
            long start = Stopwatch.GetTimestamp();
            loaded[key] = tokenizer = ImageTokenizer.Load(path!, device, Precision);
            MLNetInternals.LogInfo(environment, string.Create(CultureInfo.InvariantCulture,
                $"Loaded the ResTok tokenizer {path} on {device} in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s ({Precision})."));
        }
        return tokenizer;
    }

    internal readonly struct Lease(SharedModel model, ImageTokenizer tokenizer) : IDisposable
    {
        public ImageTokenizer Tokenizer => tokenizer;

        public void Dispose() => model.Release();
    }
}
