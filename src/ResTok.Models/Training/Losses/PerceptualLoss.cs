using ResTok.Models.Layers;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training.Losses;

/// <summary>
/// LPIPS (Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", 2018): differences of VGG16
/// features, weighted by learned heads (reference <c>lpips.py</c>, <c>perceptual_loss.py</c>).
/// </summary>
internal sealed class PerceptualLoss : AuxiliaryNetwork
{
    /// <summary>The convolutions of each slice by their index in torchvision's <c>features</c>; a pooling stands before all but the first.</summary>
    private static readonly int[][] Slices = [[0, 2], [5, 7], [10, 12, 14], [17, 19, 21], [24, 26, 28]];

    private static readonly int[] Channels = [64, 128, 256, 512, 512];

    private readonly Conv2d[][] slices;
    private readonly Parameter[] heads;
    private readonly Tensor shift;
    private readonly Tensor scale;

    /// <param name="source">VGG16 under torchvision's names, the heads as <c>lin0.model.1.weight</c> and so on.</param>
    /// <param name="device">Where to compute.</param>
    public PerceptualLoss(IParameterSource source, Device device)
        : base(source, device)
    {
        int inputs = 3;
        slices = new Conv2d[Slices.Length][];
        for (int i = 0; i < Slices.Length; i++)
        {
            slices[i] = [.. Slices[i].Select(index =>
            {
                var layer = new Conv2d(Root["features"][index], inputs, Channels[i], kernel: 3, hasBias: true);
                inputs = Channels[i];
                return layer;
            })];
        }
        heads = [.. Channels.Select((channels, i) => Root[$"lin{i}"]["model"][1].Parameter("weight", Initializer.Ones, 1, channels, 1, 1))];
        shift = tensor(new[] { -0.030f, -0.088f, -0.188f }).view(1, 3, 1, 1).to(device).DetachFromDisposeScope();
        scale = tensor(new[] { 0.458f, 0.448f, 0.450f }).view(1, 3, 1, 1).to(device).DetachFromDisposeScope();
    }

    /// <summary>Loads the features from one checkpoint, the heads from another.</summary>
    /// <exception cref="Checkpoints.CheckpointException">One of them is missing or not what it should be.</exception>
    public static PerceptualLoss Load(string vgg, string heads, Device device) =>
        Load(vgg, features => Load(heads, linear => new PerceptualLoss(new FeaturesAndHeads(features, linear), device)));

    /// <param name="x">[B, 3, S, S] in [0, 1].</param>
    /// <param name="y">[B, 3, S, S] in [0, 1].</param>
    /// <returns>The mean distance, a scalar.</returns>
    public Tensor Forward(Tensor x, Tensor y)
    {
        using var scope = NewDisposeScope();
        Tensor both = ((cat([x, y]) * 2 - 1) - shift) / scale; // [2B, 3, S, S]
        Tensor sum = zeros([1], device: Device);
        for (int i = 0; i < slices.Length; i++)
        {
            if (i > 0)
                both = nn.functional.max_pool2d(both, 2, 2);
            foreach (Conv2d layer in slices[i])
                both = nn.functional.relu(layer.Forward(both));
            Tensor unit = both / (both.pow(2).sum(1, keepdim: true).sqrt() + 1e-10);
            Tensor[] halves = unit.split(x.shape[0]);
            sum = sum + nn.functional.conv2d((halves[0] - halves[1]).pow(2), heads[i]).mean();
        }
        return sum.squeeze(0).MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        shift.Dispose();
        scale.Dispose();
        base.Dispose();
    }
}
