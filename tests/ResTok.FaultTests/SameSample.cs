using ResTok.Models.Training;

namespace ResTok.FaultTests;

/// <summary>Training data of one sample, again and again.</summary>
internal sealed class SameSample<T>(T sample) : ITrainingData<T>
{
    public IEnumerable<Lazy<T>> Read(int epoch) => [new(() => sample)];
}
