using System.Text.Json;
using System.Text.Json.Nodes;
using ResTok.Models.Checkpoints;
using ResTok.Models.Layers.Kernels;
using ResTok.Models.Parameters;
using ResTok.Models.Runtime;
using static TorchSharp.torch;

namespace ResTok.Models;

/// <summary>What tokenizer and generator have in common: parameters under their official names, and saving.</summary>
public abstract class PretrainedModel : IDisposable
{
    private readonly Dictionary<string, Parameter> parameters = [];
    private readonly SharedUse weights;

    private protected PretrainedModel(Device? device, Precision precision)
    {
        Device = device ?? CPU;
        Precision = precision;
        weights = new(Free);
    }

    /// <summary>Where the model computes.</summary>
    public Device Device { get; }

    /// <summary>The number format the model computes in.</summary>
    public Precision Precision { get; }

    /// <summary>
    /// The parameters under their official names, in the official order. They belong to the model: do not dispose them, and write into
    /// them by tensor operations only, since the model keeps copies that it renews when libtorch says that a parameter has changed.
    /// </summary>
    public IReadOnlyDictionary<string, Parameter> StateDict => parameters;

    /// <summary>
    /// Tensors that the checkpoint held and that this model has no use for: what only training needs
    /// (<c>foundation_model.*</c>, <c>vf_proj*</c>, <c>decoder.feat_mask_token</c>, discriminators) and caches of a generation that was
    /// under way. They were left in the file.
    /// </summary>
    public IReadOnlyList<string> UnusedEntries { get; private set; } = [];

    /// <summary>Of the weights.</summary>
    private protected ScalarType DataType => Precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;

    /// <summary>Of what goes through the networks, here and now.</summary>
    private protected ScalarType Format => OwnKernels.Format(DataType, Device);

    /// <summary>Saves the model in the Hugging Face layout: <c>config.json</c> and <c>model.safetensors</c>.</summary>
    /// <param name="folder">
    /// Made where it is missing. Each file is replaced whole or not at all, and neither before both are written. To replace a model of
    /// another configuration, save to a new folder and rename it: between two files there is a moment. A process that is killed while
    /// it saves leaves a file <c>….tmp</c>, which is never read; a save an hour later or more removes it.
    /// </param>
    /// <exception cref="IOException">A file cannot be written, for instance because the disk is full. The folder is as it was.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder must not be written to.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        using SharedUse.Use use = Begin();
        Directory.CreateDirectory(folder);
        AtomicFile.Write((Path.Combine(folder, "model.safetensors"), WriteWeights), (Path.Combine(folder, "config.json"), WriteConfig));
    }

    /// <summary>Saves the model in a layout.</summary>
    /// <param name="folder">As for <see cref="Save(string)"/>. In the reference's layout the configuration names the weights by this path.</param>
    /// <param name="layout">Which files to write.</param>
    /// <exception cref="ArgumentException">The reference's configuration cannot say this model's.</exception>
    /// <inheritdoc cref="Save(string)" path="/exception"/>
    public void Save(string folder, SaveLayout layout)
    {
        if (layout == SaveLayout.HuggingFace)
        {
            Save(folder);
            return;
        }
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentOutOfRangeException.ThrowIfNotEqual(layout, SaveLayout.Reference);
        using SharedUse.Use use = Begin();
        ReferenceLayout.Write(folder, JsonNode.Parse(ConfigJson.ToJsonString())!.AsObject(), Tensors()); // numbers as text has them
    }

    /// <summary>Saves the model to streams, which stay open.</summary>
    /// <param name="config">Gets JSON in the official layout.</param>
    /// <param name="safetensors">Gets the weights.</param>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public void Save(Stream config, Stream safetensors)
    {
        using SharedUse.Use use = Begin();
        WriteConfig(config);
        WriteWeights(safetensors);
    }

    /// <summary>Ends the model. Calls under way on other threads come to their end, and then the weights are freed.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        weights.Dispose();
    }

    /// <summary>Keeps the weights until the use ends, even when another thread disposes the model: libtorch would read freed memory.</summary>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    internal SharedUse.Use Begin() => weights.Begin(this);

    private protected ParameterScope Root(IParameterSource source) => new(source, parameters, Device, DataType);

    /// <summary>The configuration in the official layout.</summary>
    private protected abstract JsonObject ConfigJson { get; }

    /// <summary>Frees constant tensors that are no parameters. Called too when the constructor failed half way.</summary>
    private protected abstract void FreeTables();

    /// <summary>Builds a model from a checkpoint, which it disposes, and reports all that does not fit at once.</summary>
    private protected static TModel Build<TModel>(Checkpoint opened, Func<IParameterSource, TModel> build)
        where TModel : PretrainedModel
    {
        using Checkpoint checkpoint = opened;
        var source = new CheckpointParameters(checkpoint);
        TModel model;
        try
        {
            model = build(source);
        }
        catch (ArgumentException fault)
        {
            throw new CheckpointException($"The configuration {checkpoint.ConfigPath ?? $"of {checkpoint.Source}"} cannot work: {fault.Message}", fault);
        }
        try
        {
            source.ThrowIfFaulty();
        }
        catch
        {
            model.Dispose();
            throw;
        }
        model.UnusedEntries = source.UnusedEntries;
        return model;
    }

    private void Free()
    {
        foreach (Parameter parameter in parameters.Values)
        {
            PackedWeights.Free(parameter);
            parameter.Dispose();
        }
        NativeFloats.FreeWaiting();
        FreedMemory.Return();
        FreeTables();
    }

    private void WriteConfig(Stream stream)
    {
        using var writer = new Utf8JsonWriter(stream, new() { Indented = true });
        ConfigJson.WriteTo(writer);
    }

    private void WriteWeights(Stream stream) => SafetensorsWriter.Write(stream, Tensors());

    private KeyValuePair<string, Tensor>[] Tensors() => [.. parameters.Select(entry => KeyValuePair.Create(entry.Key, (Tensor)entry.Value))];
}
