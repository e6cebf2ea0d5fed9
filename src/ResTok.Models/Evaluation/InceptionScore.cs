using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>
/// The Inception Score (Salimans et al., 2016) of images over all of them, as the reference's evaluation of reconstructions computes it:
/// softmax of the logits without bias in float64, and 1e-16 in each logarithm.
/// </summary>
/// <param name="classes">Of the network.</param>
internal sealed class InceptionScore(int classes = InceptionNetwork.Classes) : IDisposable
{
    /// <summary>Images that a score of generated images is computed of at a time.</summary>
    public const int Part = 5000;

    private const double Epsilon = 1e-16;

    private readonly Tensor probabilities = zeros([classes], dtype: ScalarType.Float64).DetachFromDisposeScope();
    private double entropies; // Σ p·ln p
    private long count;

    /// <param name="logits">[B, classes].</param>
    public void Add(Tensor logits)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor p = softmax(logits.to(ScalarType.Float64).cpu(), -1);
        probabilities.add_(p.sum([0]));
        entropies += (p * (p + Epsilon).log()).sum().item<double>();
        count += p.shape[0];
    }

    /// <summary>Adds what another gathered, of the same classes.</summary>
    public void Add(InceptionScore other)
    {
        probabilities.add_(other.probabilities);
        entropies += other.entropies;
        count += other.count;
    }

    public void Save(EvaluationState state, string name)
    {
        state[name + ".probabilities"] = probabilities;
        state.Set(name + ".sums", entropies, count);
    }

    /// <summary>Adds sums that were saved.</summary>
    public void Add(EvaluationState state, string name)
    {
        probabilities.add_(state[name + ".probabilities"]);
        double[] sums = state.Numbers(name + ".sums");
        entropies += sums[0];
        count += (long)sums[1];
    }

    /// <summary>At least 1.</summary>
    public double Value()
    {
        using var scope = NewDisposeScope();
        return Math.Exp((entropies - (probabilities * (probabilities / count + Epsilon).log()).sum().item<double>()) / count);
    }

    /// <summary>
    /// The score as the evaluation of generated images computes it: in float32, the mean over consecutive parts, and without an epsilon; so
    /// a probability that is 0 makes it NaN.
    /// </summary>
    /// <param name="parts">Logits, [B, classes] each: <see cref="Part"/> images in the reference, and the last may have fewer.</param>
    public static double OfParts(IEnumerable<Tensor> parts)
    {
        using var noGradient = no_grad();
        return parts.Average(logits =>
        {
            using var scope = NewDisposeScope();
            Tensor p = softmax(logits.to(ScalarType.Float32), -1);
            return (double)(p * (p.log() - p.mean([0], keepdim: true).log())).sum([1]).mean().exp().item<float>();
        });
    }

    public void Dispose() => probabilities.Dispose();
}
