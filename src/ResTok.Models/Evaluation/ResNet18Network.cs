using ResTok.Models.Checkpoints;
using ResTok.Models.Parameters;
using ResTok.Models.Training.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>
/// The ResNet-18 of the package Microsoft.ML.DnnImageFeaturizer.ResNet18 (0.23.1, ResNet18.onnx): what needs no download by hand. Gradients
/// reach the images. Distances on it are neither FID nor LPIPS, and are not to be called so.
/// </summary>
internal sealed class ResNet18Network : AuxiliaryNetwork
{
    /// <summary>Pooled features.</summary>
    public const int Features = 512;

    private const string Sha256 = "e2552f19db2dfdb01b3669537b6a0f1b44da38d18279535492ed5dfc2ef1ff8f";
    private const int Side = 224; // that the network was trained at

    /// <summary>The file's numbers of each block's convolutions and of the norms after them, the third pair of its shortcut where that is a convolution.</summary>
    private static readonly (int Channels, (int Convolution, int Norm)[] Units, (int, int)? Shortcut)[] Blocks =
    [
        (64, [(86, 113), (82, 127)], null), (64, [(77, 144), (73, 158)], null),
        (128, [(68, 175), (64, 189)], (199, 203)), (128, [(59, 220), (55, 234)], null),
        (256, [(50, 251), (46, 265)], (275, 279)), (256, [(41, 296), (37, 310)], null),
        (512, [(32, 327), (28, 341)], (351, 355)), (512, [(23, 372), (19, 386)], null), (512, [(14, 403), (10, 417)], null),
    ];

    private readonly Unit stem;
    private readonly (Unit First, Unit Second, Unit? Shortcut)[] blocks;
    private readonly Tensor mean;

    private ResNet18Network(IParameterSource source, Device device)
        : base(source, device)
    {
        stem = new(Root, 91, 96, 3, 64, 7, 2);
        int inputs = 64;
        blocks = [.. Blocks.Select(block =>
        {
            int stride = block.Shortcut is null ? 1 : 2;
            var first = new Unit(Root, block.Units[0].Convolution, block.Units[0].Norm, inputs, block.Channels, 3, stride);
            var second = new Unit(Root, block.Units[1].Convolution, block.Units[1].Norm, block.Channels, block.Channels, 3, 1);
            Unit? shortcut = block.Shortcut is var (convolution, norm) ? new(Root, convolution, norm, inputs, block.Channels, 1, stride) : null;
            inputs = block.Channels;
            return (first, second, shortcut);
        })];
        mean = tensor(new[] { 103.06f, 115.90f, 123.15f }).view(1, 3, 1, 1).to(device).DetachFromDisposeScope();
    }

    /// <exception cref="CheckpointException">The file is missing or another.</exception>
    public static ResNet18Network Load(string path, Device device)
    {
        Runtime.TorchRuntime.EnsureLoaded();
        return new(new OnnxParameters(path, Sha256), device);
    }

    /// <summary>Features of whole images, which are resized to 224 × 224 first (bilinear, antialiased).</summary>
    /// <param name="images">[B, 3, H, W] in [0, 1].</param>
    /// <returns>[B, 512].</returns>
    public Tensor Pooled(Tensor images)
    {
        using var scope = NewDisposeScope();
        Tensor x = images.to(ScalarType.Float32, Device);
        if (x.shape[2] != Side || x.shape[3] != Side)
            x = nn.functional.interpolate(x, [Side, Side], mode: InterpolationMode.Bilinear, align_corners: false, antialias: true);
        return Maps(x)[^1].mean([2, 3]).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The ResNet-18 perceptual distance: LPIPS's formula without learned heads. Features of five layers, each position's made a unit
    /// vector; squared differences, summed over channels, averaged over positions and layers. Images are seen in their own size.
    /// </summary>
    /// <param name="x">[B, 3, H, W] in [0, 1].</param>
    /// <param name="y">The same shape.</param>
    /// <returns>[B], each in [0, 2].</returns>
    public Tensor Distance(Tensor x, Tensor y)
    {
        using var scope = NewDisposeScope();
        Tensor[] first = Units(x), second = Units(y); // apart: training wants gradients of one only
        Tensor sum = zeros([x.shape[0]], device: Device);
        foreach ((Tensor one, Tensor other) in first.Zip(second))
            sum = sum + (one - other).pow(2).sum([1]).mean([1, 2]);
        return (sum / first.Length).MoveToOuterDisposeScope();

        Tensor[] Units(Tensor images) =>
            [.. Maps(images.to(ScalarType.Float32, Device)).Select(map => map / (map.pow(2).sum([1], keepdim: true) + 1e-10).sqrt())]; // within the root: its slope at 0 is infinite
    }

    /// <summary>What the five layers see: after the first convolution, and after each of the four stages.</summary>
    /// <param name="images">[B, 3, H, W] in [0, 1].</param>
    /// <returns>[B, 64, H/2, W/2], [B, 64, H/4, W/4] and so on to [B, 512, H/32, W/32], rounded up.</returns>
    public Tensor[] Maps(Tensor images)
    {
        using var scope = NewDisposeScope();
        Tensor x = stem.Forward(images.flip(1) * 255 - mean).relu();
        var maps = new List<Tensor> { x };
        x = nn.functional.max_pool2d(nn.functional.pad(x, [1, 0, 1, 0]), 3, 2); // zeros will do for padding: no value is lower
        for (int i = 0; i < blocks.Length; i++)
        {
            (Unit first, Unit second, Unit? shortcut) = blocks[i];
            x = (second.Forward(first.Forward(x).relu()) + (shortcut?.Forward(x) ?? x)).relu();
            if (i == blocks.Length - 1 || blocks[i + 1].Shortcut is not null)
                maps.Add(x);
        }
        return [.. maps.Select(map => map.MoveToOuterDisposeScope())];
    }

    public override void Dispose()
    {
        mean.Dispose();
        base.Dispose();
    }

    /// <summary>A convolution and batch normalisation with fixed statistics.</summary>
    private sealed class Unit(ParameterScope scope, int convolution, int norm, int inputs, int outputs, int kernel, int stride)
    {
        private readonly Parameter weight = scope.Parameter($"Parameter{convolution}", Initializer.Weight, outputs, inputs, kernel, kernel);
        private readonly Parameter scale = scope.Parameter($"Parameter{norm}", Initializer.Ones, outputs);
        private readonly Parameter shift = scope.Parameter($"Parameter{norm + 1}", Initializer.Zeros, outputs);
        private readonly Parameter mean = scope.Parameter($"Constant{norm + 2}", Initializer.Zeros, outputs);
        private readonly Parameter variance = scope.Parameter($"Constant{norm + 3}", Initializer.Ones, outputs);

        public Tensor Forward(Tensor x)
        {
            using var inner = NewDisposeScope();
            long before = kernel / 2, after = before - (stride - 1); // one line less behind where halving
            if (kernel > 1 && after != before)
                x = nn.functional.pad(x, [before, after, before, after]);
            Tensor y = nn.functional.conv2d(x, weight, null, [stride, stride], kernel > 1 && after == before ? [before, before] : [0, 0]);
            return nn.functional.batch_norm(y, mean, variance, scale, shift, training: false, eps: 1e-5).MoveToOuterDisposeScope();
        }
    }
}
