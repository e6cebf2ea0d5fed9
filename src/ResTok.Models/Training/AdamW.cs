using ResTok.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training;

/// <summary>
/// AdamW over named parameters, with the reference's rule of what decays. TorchSharp's own cannot save its state under names, which
/// resuming needs.
/// </summary>
internal sealed class AdamW : IDisposable
{
    private const double Epsilon = 1e-8;

    private static readonly string[] NotDecayed =
        ["ln", "bias", "latent_tokens", "mask_token", "embedding", "norm", "gamma", "embed", "mask_latent_token", "rope", "freqs_cis"];

    private readonly TrainingOptions options;
    private readonly IReadOnlyDictionary<string, Parameter> parameters;
    private readonly Dictionary<string, (Tensor Mean, Tensor Square)> moments = new(StringComparer.Ordinal);

    public AdamW(IReadOnlyDictionary<string, Parameter> parameters, TrainingOptions options)
    {
        this.parameters = parameters;
        this.options = options;
        foreach ((string name, Parameter parameter) in parameters)
            moments.Add(name, (zeros_like(parameter).DetachFromDisposeScope(), zeros_like(parameter).DetachFromDisposeScope()));
    }

    /// <summary>
    /// Whether a parameter is subject to weight decay. The reference exempts by substrings of the name; <c>patch_embed</c>,
    /// <c>decoder_embed</c> and the codebook are among what that exempts.
    /// </summary>
    public static bool Decays(string name, Tensor parameter) =>
        parameter.dim() >= 2 && !NotDecayed.Any(part => name.Contains(part, StringComparison.Ordinal));

    /// <summary>Applies the gradients.</summary>
    /// <param name="step">0 for the first.</param>
    public void Step(long step)
    {
        using var noGradient = no_grad();
        double rate = LearningRateSchedule.At(options, step);
        double meanCorrection = 1 - Math.Pow(options.Beta1, step + 1), squareCorrection = Math.Sqrt(1 - Math.Pow(options.Beta2, step + 1));
        foreach ((string name, Parameter parameter) in parameters)
        {
            using var scope = NewDisposeScope();
            if (parameter.grad is not { } gradient)
                continue;
            (Tensor mean, Tensor square) = moments[name];
            if (Decays(name, parameter))
                parameter.mul_(1 - rate * options.WeightDecay);
            mean.mul_(options.Beta1).add_(gradient, alpha: 1 - options.Beta1);
            square.mul_(options.Beta2).addcmul_(gradient, gradient, 1 - options.Beta2);
            Tensor denominator = (square.sqrt() / squareCorrection).add_(Epsilon);
            parameter.addcdiv_(mean, denominator, -rate / meanCorrection);
        }
    }

    /// <summary>The state under the parameters' names, for a checkpoint.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State() => moments.SelectMany(entry => new[]
    {
        KeyValuePair.Create(entry.Key + ".exp_avg", entry.Value.Mean), KeyValuePair.Create(entry.Key + ".exp_avg_sq", entry.Value.Square),
    });

    public void Dispose()
    {
        foreach ((Tensor mean, Tensor square) in moments.Values)
        {
            mean.Dispose();
            square.Dispose();
        }
    }
}
