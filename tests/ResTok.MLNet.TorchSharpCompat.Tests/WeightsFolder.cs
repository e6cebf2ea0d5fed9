using Microsoft.ML;
using ResTok.Models.Runtime;

namespace ResTok.MLNet.TorchSharpCompat.Tests;

/// <summary>Made-up weights, written once for all tests of a class, in a folder that goes with them.</summary>
public sealed class WeightsFolder : IDisposable
{
    public WeightsFolder() => TorchRuntime.EnsureLoaded();

    public string Path { get; } = Directory.CreateTempSubdirectory("restok-trainers-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    internal MLContext ContextFor(TrainerRun run)
    {
        TrainerWeights.Make(Path, [run.Weights]);
        return new MLContext(seed: 1) { TempFilePath = Path };
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
