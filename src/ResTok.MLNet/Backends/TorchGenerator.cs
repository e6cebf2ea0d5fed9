using ResTok.Models;
using TorchSharp;

namespace ResTok.MLNet.Backends;

/// <summary>A generator in libtorch.</summary>
internal sealed class TorchGenerator(ImageGenerator generator) : IGeneratorBackend
{
    public IReadOnlyList<IReadOnlyList<int>> Generate(GenerationRequest request, SamplingOptions sampling, Action<GenerationStep> onStep)
    {
        using torch.Tensor generated = generator.Generate(request, sampling, onStep);
        return [.. generated.data<long>().ToArray().Select(token => (int)token).Chunk((int)generated.shape[1])];
    }
}
