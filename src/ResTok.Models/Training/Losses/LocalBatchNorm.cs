using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training.Losses;

/// <summary>Normalises each channel over groups of samples and all positions, by the batch at hand only.</summary>
internal sealed class LocalBatchNorm(ParameterScope scope, int channels, int group)
{
    private readonly Parameter weight = scope.Parameter("weight", Initializer.Ones, channels);
    private readonly Parameter bias = scope.Parameter("bias", Initializer.Zeros, channels);

    /// <param name="x">[B, channels, L].</param>
    public Tensor Forward(Tensor x)
    {
        using var outer = NewDisposeScope();
        long groups = (x.shape[0] + group - 1) / group;
        if (x.shape[0] % groups != 0)
            throw new ArgumentException($"A batch of {x.shape[0]} does not divide into groups of at most {group}. Use a batch size that is a multiple of {group}, or at most {group}.");
        Tensor grouped = x.unflatten(0, [groups, -1]); // [G, b, channels, L]
        Tensor mean = grouped.mean([1, 3], keepdim: true);
        Tensor variance = (grouped - mean).pow(2).mean([1, 3], keepdim: true);
        Tensor normed = (grouped - mean) / (variance + 1e-6).sqrt();
        return (normed * weight.view(1, 1, -1, 1) + bias.view(1, 1, -1, 1)).flatten(0, 1).MoveToOuterDisposeScope();
    }
}
