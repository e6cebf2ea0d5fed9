using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training.Losses;

/// <summary>Heads that judge the activations of a frozen DINO transformer (reference <c>discriminator_dino.py</c>).</summary>
internal sealed class DinoDiscriminator : Discriminator
{
    private const int Kernel = 9, VirtualBatch = 8;

    private readonly DinoTransformer dino;
    private readonly Head[] heads;

    /// <param name="dino">Taken over.</param>
    /// <param name="source">Where the heads start.</param>
    /// <param name="device">Where to compute.</param>
    public DinoDiscriminator(DinoTransformer dino, IParameterSource source, Device device)
        : base(source, device)
    {
        this.dino = dino;
        heads = [.. Enumerable.Range(0, DinoTransformer.Activations).Select(i => new Head(Root["heads"][i], device, i))];
    }

    public override IEnumerable<KeyValuePair<string, Tensor>> Buffers =>
        heads.SelectMany((head, i) => head.Buffers.Select((buffer, j) => KeyValuePair.Create($"heads.{i}.u{j}", buffer)));

    public override Tensor Forward(Tensor images, torch.Generator generator)
    {
        using var scope = NewDisposeScope();
        Tensor[] activations = dino.Forward(images, generator);
        return cat([.. heads.Zip(activations, (head, activation) => head.Forward(activation).flatten(1))], 1).MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        dino.Dispose();
        foreach (Tensor buffer in heads.SelectMany(head => head.Buffers))
            buffer.Dispose();
        base.Dispose();
    }

    private sealed class Head(ParameterScope scope, Device device, int seed)
    {
        private readonly SpectralConv1d first = new(scope[0][0], DinoTransformer.Width, DinoTransformer.Width, 1, device, 3 * seed);
        private readonly LocalBatchNorm firstNorm = new(scope[0][1], DinoTransformer.Width, VirtualBatch);
        private readonly SpectralConv1d second = new(scope[1]["fn"][0], DinoTransformer.Width, DinoTransformer.Width, Kernel, device, 3 * seed + 1);
        private readonly LocalBatchNorm secondNorm = new(scope[1]["fn"][1], DinoTransformer.Width, VirtualBatch);
        private readonly SpectralConv1d last = new(scope[2], DinoTransformer.Width, 1, 1, device, 3 * seed + 2);

        public IEnumerable<Tensor> Buffers => [first.Direction, second.Direction, last.Direction];

        /// <param name="x">[B, 384, L].</param>
        /// <returns>[B, 1, L].</returns>
        public Tensor Forward(Tensor x)
        {
            using var outer = NewDisposeScope();
            x = nn.functional.leaky_relu(firstNorm.Forward(first.Forward(x)), 0.2);
            Tensor h = nn.functional.leaky_relu(secondNorm.Forward(second.Forward(x)), 0.2);
            return last.Forward((h + x) / Math.Sqrt(2)).MoveToOuterDisposeScope();
        }
    }
}
