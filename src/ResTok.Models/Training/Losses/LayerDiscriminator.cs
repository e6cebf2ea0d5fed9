using ResTok.Models.Layers;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training.Losses;

/// <summary>A convolutional patch discriminator with blurred downsampling (reference <c>NLayerDiscriminator</c>).</summary>
internal sealed class LayerDiscriminator : Discriminator
{
    private const int Stages = 3, Hidden = 128, Grid = 16;
    private const double Slope = 0.1;

    private readonly Conv2d input;
    private readonly (Conv2d Convolution, GroupNorm Norm)[] blocks;
    private readonly Conv2d middle;
    private readonly Conv2d output;
    private readonly Tensor blur; // [1, 1, 4, 4]

    public LayerDiscriminator(IParameterSource source, Device device)
        : base(source, device)
    {
        input = Convolution(Root["block_in"][0], 3, Hidden, 5);
        int channels = Hidden;
        blocks = new (Conv2d, GroupNorm)[Stages];
        for (int i = 0; i < Stages; i++)
        {
            int outputs = Hidden << i;
            blocks[i] = (Convolution(Root["blocks"][i][0], channels, outputs, 3), new(Root["blocks"][i][2], outputs, groups: 32, 1e-5));
            channels = outputs;
        }
        middle = Convolution(Root["to_logits"][0], channels, channels, 1);
        output = Convolution(Root["to_logits"][2], channels, 1, 5);
        using var scope = NewDisposeScope();
        Tensor line = tensor(new[] { 1f, 3, 3, 1 }) / 8;
        blur = outer(line, line).view(1, 1, 4, 4).to(device).DetachFromDisposeScope();
    }

    public override Tensor Forward(Tensor images, torch.Generator generator)
    {
        using var scope = NewDisposeScope();
        Tensor x = nn.functional.leaky_relu(input.Forward(images), Slope);
        foreach ((Conv2d convolution, GroupNorm norm) in blocks)
        {
            x = convolution.Forward(x);
            x = nn.functional.conv2d(nn.functional.pad(x, [1, 1, 1, 1]), blur.expand(x.shape[1], 1, 4, 4), null, strides: [2, 2], groups: x.shape[1]);
            x = nn.functional.leaky_relu(norm.Forward(x), Slope);
        }
        x = nn.functional.adaptive_max_pool2d(x, [Grid, Grid]);
        return output.Forward(nn.functional.leaky_relu(middle.Forward(x), Slope)).MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        blur.Dispose();
        base.Dispose();
    }

    /// <summary>With PyTorch's default start: uniform within 1/√fan-in.</summary>
    private static Conv2d Convolution(ParameterScope scope, int inputs, int outputs, int kernel) =>
        new(scope, inputs, outputs, kernel, hasBias: true, initializer: Initializer.Uniform(Math.Pow(inputs * kernel * kernel, -0.5)));
}
