using ResTok.Models.Layers;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training.Losses;

/// <summary>The frozen DINO ViT-S/16 whose activations a <see cref="DinoDiscriminator"/> judges (Caron et al., 2021).</summary>
internal sealed class DinoTransformer : AuxiliaryNetwork
{
    public const int Width = 384;

    private const int Side = 224, Patch = 16, Heads = 6, Depth = 12;
    private const double Epsilon = 1e-6;

    /// <summary>Blocks after which activations are read, beside those before the first block.</summary>
    private static readonly int[] Read = [2, 5, 8, 11];

    private readonly Parameter classToken;
    private readonly Parameter positions;
    private readonly Conv2d patches;
    private readonly (LayerNorm Norm1, Linear QueryKeyValue, Linear Project, LayerNorm Norm2, Linear Up, Linear Down)[] blocks;

    public DinoTransformer(IParameterSource source, Device device)
        : base(source, device)
    {
        classToken = Root.Parameter("cls_token", Initializer.Zeros, 1, 1, Width);
        positions = Root.Parameter("pos_embed", Initializer.Zeros, 1, (Side / Patch) * (Side / Patch) + 1, Width);
        patches = new(Root["patch_embed"]["proj"], 3, Width, Patch, hasBias: true, stride: Patch);
        blocks = [.. Enumerable.Range(0, Depth).Select(i =>
        {
            ParameterScope block = Root["blocks"][i];
            return (new LayerNorm(block["norm1"], Width, Epsilon), new Linear(block["attn"]["qkv"], Width, 3 * Width), new Linear(block["attn"]["proj"], Width, Width),
                new LayerNorm(block["norm2"], Width, Epsilon), new Linear(block["mlp"]["fc1"], Width, 4 * Width), new Linear(block["mlp"]["fc2"], 4 * Width, Width));
        })];
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        for (int i = 0; i < Depth; i++) // the reference leaves the keys' bias out
        {
            if (Parameters[$"blocks.{i}.attn.qkv.bias"] is { device_type: not DeviceType.META } bias)
                bias.narrow(0, Width, Width).zero_();
        }
    }

    /// <summary>How many activations <see cref="Forward"/> gives.</summary>
    public static int Activations => Read.Length + 1;

    /// <param name="images">[B, 3, S, S] in [0, 1].</param>
    /// <param name="generator">What to draw from.</param>
    /// <returns>Patch tokens plus the class token, [B, 384, 196] each.</returns>
    public Tensor[] Forward(Tensor images, torch.Generator generator)
    {
        using var scope = NewDisposeScope();
        Tensor x = patches.Forward(Resize(Normalize(images), generator)).flatten(2).transpose(1, 2); // [B, 196, D]
        x = cat([classToken.expand(x.shape[0], -1, -1), x], 1) + positions;
        var activations = new List<Tensor> { Readout(x) };
        for (int i = 0; i < blocks.Length; i++)
        {
            var (norm1, queryKeyValue, project, norm2, up, down) = blocks[i];
            Tensor[] qkv = queryKeyValue.Forward(norm1.Forward(x)).unflatten(2, [3, Heads, -1]).permute(2, 0, 3, 1, 4).unbind(0);
            Tensor mixed = nn.functional.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]).transpose(1, 2).flatten(2);
            x = x + project.Forward(mixed);
            x = x + down.Forward(GeluTanh(up.Forward(norm2.Forward(x))));
            if (Read.Contains(i))
                activations.Add(Readout(x));
        }
        return [.. activations.Select(activation => activation.MoveToOuterDisposeScope())];
    }

    private static Tensor Readout(Tensor x) => (x.narrow(1, 1, x.shape[1] - 1) + x.narrow(1, 0, 1)).transpose(1, 2);

    private static Tensor GeluTanh(Tensor x) => 0.5 * x * (1 + tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x.pow(3))));

    /// <summary>Larger images are cut at random or averaged down, one as often as the other; smaller ones grow.</summary>
    private static Tensor Resize(Tensor x, torch.Generator generator)
    {
        long side = x.shape[2];
        if (side == Side)
            return x;
        if (side < Side)
            return nn.functional.interpolate(x, [Side, Side], mode: InterpolationMode.Bicubic, align_corners: false);
        if (rand(1, generator: generator).item<float>() > 0.5)
            return nn.functional.interpolate(x, [Side, Side], mode: InterpolationMode.Area);
        long[] corner = randint(0, side - Side + 1, [2], generator: generator).to(ScalarType.Int64).data<long>().ToArray();
        return x.narrow(2, corner[0], Side).narrow(3, corner[1], Side);
    }
}
