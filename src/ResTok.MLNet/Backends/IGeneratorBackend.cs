using ResTok.Models;

namespace ResTok.MLNet.Backends;

/// <summary>What generates for the stages. Where the device fails it throws <see cref="System.Runtime.InteropServices.ExternalException"/>.</summary>
internal interface IGeneratorBackend
{
    /// <summary>Generates the tokens of each image, coarse to fine.</summary>
    IReadOnlyList<IReadOnlyList<int>> Generate(GenerationRequest request, SamplingOptions sampling, Action<GenerationStep> onStep);
}
