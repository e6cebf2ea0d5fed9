using ResTok.Models.Checkpoints;
using ResTok.Models.Parameters;
using ResTok.Models.Tests.Parity;
using ResTok.Models.Training.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Training;

/// <summary>The networks that losses need, with recipe weights, written to files under the names that their real files use.</summary>
public sealed class LossNetworks : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Lazy<string> vgg, heads, dino, foundation;

    public LossNetworks()
    {
        vgg = new(() => Write("vgg.safetensors", source => new PerceptualLoss(source, CPU), name => name.StartsWith("features", StringComparison.Ordinal)));
        heads = new(() => Write("heads.safetensors", source => new PerceptualLoss(source, CPU), name => name.StartsWith("lin", StringComparison.Ordinal)));
        dino = new(() => Write("dino.safetensors", source => new DinoTransformer(source, CPU), _ => true));
        foundation = new(() => Write("dinov3.safetensors", source => new DinoV3Transformer(source, CPU, 64, 2), _ => true));
    }

    public string Vgg => vgg.Value;

    public string Heads => heads.Value;

    public string Dino => dino.Value;

    public string Foundation => foundation.Value;

    public void Dispose() => folder.Dispose();

    private string Write<T>(string file, Func<IParameterSource, T> build, Func<string, bool> keep)
        where T : AuxiliaryNetwork
    {
        using T network = build(new Recipe("losses/"));
        string path = folder[file];
        // One more entry than is needed, as the real files have classifiers and heads.
        using Tensor more = zeros(3);
        AtomicFile.Write(path, stream => SafetensorsWriter.Write(
            stream, [.. network.Parameters.Where(entry => keep(entry.Key)).Select(entry => KeyValuePair.Create(entry.Key, (Tensor)entry.Value)), KeyValuePair.Create("classifier.bias", more)]));
        return path;
    }
}
