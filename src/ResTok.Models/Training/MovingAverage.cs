using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training;

/// <summary>The exponential moving average of a model's weights (reference <c>ema_model.py</c>).</summary>
internal sealed class MovingAverage : IDisposable
{
    private readonly double decay;
    private readonly IReadOnlyDictionary<string, Parameter> parameters;
    private readonly Dictionary<string, Tensor> averages;

    public MovingAverage(IReadOnlyDictionary<string, Parameter> parameters, double decay)
    {
        this.parameters = parameters;
        this.decay = decay;
        averages = parameters.ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone().DetachFromDisposeScope(), StringComparer.Ordinal);
    }

    public IReadOnlyDictionary<string, Tensor> Averages => averages;

    /// <summary>The decay of an update: 0 first, then rising to the full one.</summary>
    /// <param name="update">0 for the first.</param>
    /// <param name="full">The decay it rises to.</param>
    public static double DecayAt(long update, double full) => update <= 0 ? 0 : Math.Min((1.0 + update) / (10 + update), full);

    /// <summary>Takes in the weights after an optimiser step.</summary>
    /// <param name="step">0 for the first.</param>
    public void Update(long step)
    {
        using var noGradient = no_grad();
        float rest = (float)(1 - DecayAt(step, decay));
        foreach ((string name, Tensor average) in averages)
            average.lerp_(parameters[name], rest);
    }

    /// <summary>Exchanges the weights and their averages.</summary>
    public void Swap()
    {
        using var noGradient = no_grad();
        foreach ((string name, Tensor average) in averages)
        {
            using Tensor own = parameters[name].detach().clone();
            parameters[name].copy_(average);
            average.copy_(own);
        }
    }

    public void Dispose()
    {
        foreach (Tensor average in averages.Values)
            average.Dispose();
    }
}
