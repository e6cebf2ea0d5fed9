using ResTok.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>Sums of an evaluation by name, as a worker writes them into a safetensors file for others to add up. Numbers are float64.</summary>
/// <param name="source">The file that they are from, for messages.</param>
internal sealed class EvaluationState(string? source = null) : IDisposable
{
    private readonly Dictionary<string, Tensor> tensors = new(StringComparer.Ordinal);

    /// <exception cref="CheckpointException">There is no such file, or it is damaged.</exception>
    public static EvaluationState Read(string path)
    {
        var state = new EvaluationState(path);
        using Checkpoint file = Checkpoint.Open(path);
        foreach (string name in file.Entries.Keys)
            state.tensors[name] = file.GetTensor(name).DetachFromDisposeScope();
        return state;
    }

    public void Write(string path) => AtomicFile.Write(path, stream => SafetensorsWriter.Write(stream, tensors));

    public bool Has(string name) => tensors.ContainsKey(name);

    /// <exception cref="CheckpointException">It was written by an evaluation of other metrics.</exception>
    public Tensor this[string name]
    {
        get => tensors.TryGetValue(name, out Tensor? tensor) ? tensor : throw new CheckpointException($"{source} has no {name}: it was written by an evaluation with other networks, model or numbers of tokens.");
        set => tensors[name] = value.to(ScalarType.Float64).cpu().clone().DetachFromDisposeScope();
    }

    public void Set(string name, params double[] numbers)
    {
        using Tensor all = tensor(numbers);
        this[name] = all;
    }

    public double[] Numbers(string name) => [.. this[name].data<double>()];

    public void Dispose()
    {
        foreach (Tensor tensor in tensors.Values)
            tensor.Dispose();
    }
}
