using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training;

/// <summary>The exponential moving average of a model's weights (reference <c>ema_model.py</c>).</summary>
internal sealed class MovingAverage : IDisposable
{
    private readonly double decay;
    private readonly ParameterBlocks parameters;
    private readonly Tensor[] averages;

    public MovingAverage(ParameterBlocks parameters, double decay)
    {
        this.parameters = parameters;
        this.decay = decay;
        averages = [.. parameters.All.Select(block => block.Values.clone().DetachFromDisposeScope())];
        State = [.. parameters.Named(averages).Select(entry => KeyValuePair.Create(entry.Key + ".ema", entry.Value))];
    }

    /// <summary>The averages under the parameters' names, for a checkpoint.</summary>
    public IReadOnlyList<KeyValuePair<string, Tensor>> State { get; }

    /// <summary>The decay of an update: 0 first, then rising to the full one.</summary>
    /// <param name="update">0 for the first.</param>
    /// <param name="full">The decay it rises to.</param>
    public static double DecayAt(long update, double full) => update <= 0 ? 0 : Math.Min((1.0 + update) / (10 + update), full);

    /// <summary>Takes in the weights after an optimiser step.</summary>
    /// <param name="step">0 for the first.</param>
    public void Update(long step)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        float rest = (float)(1 - DecayAt(step, decay));
        foreach ((ParameterBlocks.Block block, Tensor average) in parameters.All.Zip(averages))
            average.lerp_(block.Values, rest);
    }

    /// <summary>Exchanges the weights and their averages.</summary>
    public void Swap()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        foreach ((ParameterBlocks.Block block, Tensor average) in parameters.All.Zip(averages))
        {
            Tensor own = block.Values.clone();
            block.Values.copy_(average);
            average.copy_(own);
        }
        parameters.Written();
    }

    public void Dispose()
    {
        foreach (Tensor tensor in averages.Concat(State.Select(entry => entry.Value)))
            tensor.Dispose();
    }
}
