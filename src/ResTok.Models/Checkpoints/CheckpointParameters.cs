using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Checkpoints;

/// <summary>Parameters from a checkpoint. Faults are gathered while the model is built and reported all at once.</summary>
internal sealed class CheckpointParameters(Checkpoint checkpoint) : IParameterSource
{
    /// <summary>What only training uses: alignment with a foundation model, its decoder branch, discriminators.</summary>
    private static readonly string[] TrainingOnly =
        ["foundation_model.", "vf_proj.", "vf_proj_dec.", "mlp_proj.", "decoder.feat_mask_token", "discriminator.", "loss_module."];

    /// <summary>What the reference's module holds while it generates.</summary>
    private const string Cache = ".attention.kv_cache.";

    private readonly HashSet<string> asked = new(StringComparer.Ordinal);
    private readonly List<string> faults = [];

    /// <summary>Tensors of the checkpoint that are no weights of a model that runs.</summary>
    public IReadOnlyList<string> UnusedEntries { get; private set; } = [];

    public Tensor Get(string name, long[] shape, Initializer initializer)
    {
        asked.Add(name);
        if (!checkpoint.Entries.TryGetValue(name, out TensorEntry? entry))
            faults.Add($"missing: {name} [{string.Join(", ", shape)}]");
        else if (!entry.Shape.SequenceEqual(shape))
            faults.Add($"wrong shape: {name} is {entry}, but the configuration needs [{string.Join(", ", shape)}]");
        else if (entry.DataType is not (ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float64))
            faults.Add($"wrong type: {name} is {entry}, but weights must be floating");
        else
            return checkpoint.GetTensor(name);
        return empty(shape, dtype: ScalarType.Float32, device: new Device(DeviceType.META));
    }

    /// <summary>The same for a network that uses only part of a checkpoint.</summary>
    /// <exception cref="CheckpointException">Something is missing or of the wrong shape or type.</exception>
    public void ThrowIfIncomplete()
    {
        if (faults.Count > 0)
            throw new CheckpointException(
                $"{checkpoint.Source} does not hold what is needed, in {faults.Count} places:" + Environment.NewLine + string.Join(Environment.NewLine, faults));
    }

    /// <summary>To be called once the model has asked for all its parameters.</summary>
    /// <exception cref="CheckpointException">Something is missing, unexpected or of the wrong shape or type.</exception>
    public void ThrowIfFaulty()
    {
        string[] extra = [.. checkpoint.Entries.Keys.Where(name => !asked.Contains(name)).Order(StringComparer.Ordinal)];
        UnusedEntries = [.. extra.Where(name => name.Contains(Cache, StringComparison.Ordinal)
            || TrainingOnly.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))];
        faults.AddRange(extra.Except(UnusedEntries).Select(name => $"unexpected: {checkpoint.Entries[name]} {name}"));
        if (faults.Count > 0)
            throw new CheckpointException(
                $"{checkpoint.Source} does not fit the configuration{(checkpoint.ConfigPath is { } config ? " " + config : "")}, in {faults.Count} places:"
                + Environment.NewLine + string.Join(Environment.NewLine, faults));
    }
}
