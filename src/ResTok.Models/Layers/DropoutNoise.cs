using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Layers;

/// <summary>
/// The dropout of one training batch, from a generator of its own: the same seed gives the same noise, whatever else draws random
/// numbers in the process.
/// </summary>
internal sealed class DropoutNoise(long seed) : IDisposable
{
    private readonly torch.Generator generator = new((ulong)seed);

    /// <summary>Zeroes elements with a probability, and scales the others up to keep the mean.</summary>
    public Tensor Drop(Tensor x, double probability) => probability == 0 ? x : Mask(x, probability, x.shape);

    /// <summary>The same for whole samples (stochastic depth).</summary>
    /// <param name="x">[B, …].</param>
    /// <param name="probability">Of each sample.</param>
    public Tensor DropSamples(Tensor x, double probability) => probability == 0
        ? x
        : Mask(x, probability, [x.shape[0], .. Enumerable.Repeat(1L, (int)x.dim() - 1)]);

    public void Dispose() => generator.Dispose();

    private Tensor Mask(Tensor x, double probability, long[] shape)
    {
        using var scope = NewDisposeScope();
        Tensor kept = rand(shape, generator: generator).ge(probability).to(x.dtype, x.device).div_(1 - probability);
        return (x * kept).MoveToOuterDisposeScope();
    }
}
