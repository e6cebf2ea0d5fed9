using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training;

/// <summary>
/// AdamW over blocks of parameters, with the reference's rule of what decays. TorchSharp's own takes a dozen calls for each parameter and
/// cannot save its state under names, which resuming needs.
/// </summary>
internal sealed class AdamW : IDisposable
{
    private const double Epsilon = 1e-8;

    private static readonly string[] NotDecayed =
        ["ln", "bias", "latent_tokens", "mask_token", "embedding", "norm", "gamma", "embed", "mask_latent_token", "rope", "freqs_cis"];

    private readonly TrainingOptions options;
    private readonly ParameterBlocks parameters;
    private readonly Tensor[] means; // of the gradients
    private readonly Tensor[] squares;
    private readonly KeyValuePair<string, Tensor>[] state;

    public AdamW(ParameterBlocks parameters, TrainingOptions options)
    {
        this.parameters = parameters;
        this.options = options;
        (means, squares) = (parameters.ZerosAlike(), parameters.ZerosAlike());
        state =
        [
            .. parameters.Named(means).Select(entry => KeyValuePair.Create(entry.Key + ".exp_avg", entry.Value)),
            .. parameters.Named(squares).Select(entry => KeyValuePair.Create(entry.Key + ".exp_avg_sq", entry.Value)),
        ];
    }

    /// <summary>The state under the parameters' names, for a checkpoint.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State => state;

    /// <summary>
    /// Whether a parameter is subject to weight decay. The reference exempts by substrings of the name; <c>patch_embed</c>,
    /// <c>decoder_embed</c> and the codebook are among what that exempts.
    /// </summary>
    public static bool Decays(string name, Tensor parameter) =>
        parameter.dim() >= 2 && !NotDecayed.Any(part => name.Contains(part, StringComparison.Ordinal));

    /// <summary>In which block a parameter stands.</summary>
    public static (ScalarType Type, bool Decays) KindOf(string name, Parameter parameter) => (parameter.dtype, Decays(name, parameter));

    /// <summary>Applies the gradients.</summary>
    /// <param name="step">0 for the first.</param>
    public void Step(long step)
    {
        using var noGradient = no_grad();
        double rate = LearningRateSchedule.At(options, step);
        double meanCorrection = 1 - Math.Pow(options.Beta1, step + 1), squareCorrection = Math.Sqrt(1 - Math.Pow(options.Beta2, step + 1));
        using var scope = NewDisposeScope();
        foreach ((ParameterBlocks.Block block, Tensor mean, Tensor square) in parameters.All.Zip(means, squares))
        {
            if (block.Decays)
                block.Values.mul_(1 - rate * options.WeightDecay);
            mean.mul_(options.Beta1).add_(block.Gradients, alpha: 1 - options.Beta1);
            square.mul_(options.Beta2).addcmul_(block.Gradients, block.Gradients, 1 - options.Beta2);
            block.Values.addcdiv_(mean, square.sqrt().div_(squareCorrection).add_(Epsilon), -rate / meanCorrection);
        }
        parameters.Written();
    }

    public void Dispose()
    {
        foreach (Tensor tensor in means.Concat(squares).Concat(state.Select(entry => entry.Value)))
            tensor.Dispose();
    }
}
