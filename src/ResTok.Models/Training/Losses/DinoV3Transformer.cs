using ResTok.Models.Checkpoints;
using ResTok.Models.Layers;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training.Losses;

/// <summary>
/// The frozen DINOv3 vision transformer that tokens are aligned with, under timm's names
/// (<c>vit_large_patch16_dinov3.lvd1689m</c>; smaller ones of the family fit too).
/// </summary>
internal sealed class DinoV3Transformer : AuxiliaryNetwork
{
    private const int Patch = 16, HeadWidth = 64;
    private const double Temperature = 100;

    private readonly int heads;
    private readonly Parameter classToken;
    private readonly Parameter registers;
    private readonly Conv2d patches;
    private readonly Block[] blocks;
    private readonly LayerNorm norm;

    public DinoV3Transformer(IParameterSource source, Device device, int width, int depth)
        : base(source, device)
    {
        Width = width;
        heads = width / HeadWidth;
        classToken = Root.Parameter("cls_token", Initializer.Zeros, 1, 1, width);
        registers = Root.Parameter("reg_token", Initializer.Zeros, 1, 4, width);
        patches = new(Root["patch_embed"]["proj"], 3, width, Patch, hasBias: true, stride: Patch);
        blocks = [.. Enumerable.Range(0, depth).Select(i => new Block(Root["blocks"][i], width))];
        norm = new(Root["norm"], width);
    }

    /// <summary>Features of a token.</summary>
    public int Width { get; }

    /// <summary>Loads a model; its width and depth are read from the file.</summary>
    /// <exception cref="CheckpointException">There is no checkpoint, or it is no such model.</exception>
    public static DinoV3Transformer Load(string path, Device device)
    {
        int width, depth;
        using (Checkpoint checkpoint = Checkpoint.Open(path))
        {
            if (!checkpoint.Entries.TryGetValue("cls_token", out TensorEntry? token) || !checkpoint.Entries.ContainsKey("reg_token"))
                throw new CheckpointException($"{checkpoint.Source} is no DINOv3 model: it lacks 'cls_token' or 'reg_token'. Give timm's vit_large_patch16_dinov3.lvd1689m.");
            width = (int)token.Shape[^1];
            depth = checkpoint.Entries.Keys.Where(name => name.StartsWith("blocks.", StringComparison.Ordinal)).Select(name => name.Split('.')[1]).Distinct().Count();
        }
        return Load(path, source => new DinoV3Transformer(source, device, width, depth));
    }

    /// <param name="images">[B, 3, S, S] in [0, 1], S a multiple of 16.</param>
    /// <returns>The class token [B, D] and the patches' [B, D, S/16, S/16].</returns>
    public (Tensor Class, Tensor Patches) Forward(Tensor images)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor map = patches.Forward(Normalize(images)); // [B, D, g, g]
        int rows = (int)map.shape[2], columns = (int)map.shape[3];
        (Tensor cos, Tensor sin) = Rotation(rows, columns);
        Tensor x = cat([classToken.expand(map.shape[0], -1, -1), registers.expand(map.shape[0], -1, -1), map.flatten(2).transpose(1, 2)], 1);
        foreach (Block block in blocks)
            x = block.Forward(x, heads, cos, sin);
        x = norm.Forward(x);
        return (x.select(1, 0).MoveToOuterDisposeScope(),
            x.narrow(1, x.shape[1] - rows * columns, rows * columns).transpose(1, 2).unflatten(2, [rows, columns]).MoveToOuterDisposeScope());
    }

    /// <summary>cos and sin of the patches, [g·g, head]: angles grow with the distance of a patch's centre from the image's.</summary>
    private (Tensor Cos, Tensor Sin) Rotation(int rows, int columns)
    {
        int quarter = HeadWidth / 4;
        var angles = new float[rows * columns, HeadWidth];
        for (int patch = 0; patch < rows * columns; patch++)
        {
            double y = (patch / columns + 0.5) / rows * 2 - 1, x = (patch % columns + 0.5) / columns * 2 - 1;
            for (int i = 0; i < HeadWidth; i++)
            {
                int pair = i % (2 * quarter);
                double period = Math.Pow(Temperature, 2.0 * (pair % quarter) / (HeadWidth / 2));
                angles[patch, i] = (float)(2 * Math.PI * (pair < quarter ? y : x) / period);
            }
        }
        Tensor all = tensor(angles).to(Device);
        return (all.cos(), all.sin());
    }

    private sealed class Block(ParameterScope scope, int width)
    {
        private readonly LayerNorm norm1 = new(scope["norm1"], width);
        private readonly Linear queryKeyValue = new(scope["attn"]["qkv"], width, 3 * width, hasBias: false);
        private readonly Linear project = new(scope["attn"]["proj"], width, width);
        private readonly Parameter gamma1 = scope.Parameter("gamma_1", Initializer.Ones, width);
        private readonly LayerNorm norm2 = new(scope["norm2"], width);
        private readonly Linear up = new(scope["mlp"]["fc1"], width, 4 * width);
        private readonly Linear down = new(scope["mlp"]["fc2"], 4 * width, width);
        private readonly Parameter gamma2 = scope.Parameter("gamma_2", Initializer.Ones, width);

        public Tensor Forward(Tensor x, int heads, Tensor cos, Tensor sin)
        {
            using var outer = NewDisposeScope();
            Tensor[] qkv = queryKeyValue.Forward(norm1.Forward(x)).unflatten(2, [3, heads, -1]).permute(2, 0, 3, 1, 4).unbind(0); // [B, heads, L, head]
            Tensor mixed = nn.functional.scaled_dot_product_attention(Turn(qkv[0], cos, sin), Turn(qkv[1], cos, sin), qkv[2]);
            x = x + gamma1 * project.Forward(mixed.transpose(1, 2).flatten(2));
            return (x + gamma2 * down.Forward(nn.functional.gelu(up.Forward(norm2.Forward(x))))).MoveToOuterDisposeScope();
        }

        /// <summary>Turns the patches only; the halves of a head are the two coordinates of its pairs.</summary>
        private static Tensor Turn(Tensor x, Tensor cos, Tensor sin)
        {
            long others = x.shape[2] - cos.shape[0], half = x.shape[3] / 2;
            Tensor patches = x.narrow(2, others, cos.shape[0]);
            Tensor turned = cat([-patches.narrow(3, half, half), patches.narrow(3, 0, half)], 3);
            return cat([x.narrow(2, 0, others), patches * cos + turned * sin], 2);
        }
    }
}
