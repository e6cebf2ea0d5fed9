using ResTok.Models.Checkpoints;
using ResTok.Models.Evaluation;
using ResTok.Models.Training.Losses;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Evaluation;

/// <summary>The networks that metrics need, with the goldens' weights, as files.</summary>
public sealed class EvaluationNetworks : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public EvaluationNetworks()
    {
        using var inception = new InceptionNetwork(new EvaluationImages("").Weights, ScalarType.Float32, CPU);
        using var alexNet = new AlexDistance(new EvaluationImages("").Weights, CPU);
        Files = new()
        {
            Inception = Write("inception.safetensors", inception, _ => true),
            AlexNet = Write("alexnet.safetensors", alexNet, name => name.StartsWith("features", StringComparison.Ordinal)),
            LpipsHeads = Write("heads.safetensors", alexNet, name => name.StartsWith("lin", StringComparison.Ordinal)),
        };
    }

    public EvaluationWeights Files { get; }

    public void Dispose() => folder.Dispose();

    private string Write(string file, AuxiliaryNetwork network, Func<string, bool> keep)
    {
        string path = folder[file];
        AtomicFile.Write(path, stream => SafetensorsWriter.Write(stream, [.. network.Parameters.Where(entry => keep(entry.Key)).Select(entry => KeyValuePair.Create(entry.Key, (Tensor)entry.Value))]));
        return path;
    }
}
