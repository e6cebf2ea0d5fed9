using ResTok.Models.Layers.Kernels;
using ResTok.Models.Parameters;
using ResTok.Models.Training.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>
/// The Inception network that FID is defined by: TensorFlow's of 2015-12-05, in the form of <c>pt_inception-2015-12-05-6726825d.pth</c>
/// (reference <c>inception.py</c>).
/// </summary>
internal sealed class InceptionNetwork : AuxiliaryNetwork
{
    /// <summary>Pooled features, features of sFID, and classes.</summary>
    public const int Features = 2048, SpatialFeatures = 17 * 17 * SpatialChannels, Classes = 1008;

    private const int SpatialChannels = 7; // of those of Mixed_6d's first branch

    private const int Chunk = 2; // images that a CPU sees together: what they fill stays near

    private readonly InceptionUnit[] stem;
    private readonly InceptionBlock[] blocks;
    private readonly Parameter weight;
    private readonly Parameter bias;
    private readonly ScalarType type;

    /// <param name="source">The weights under the file's names.</param>
    /// <param name="type">float64 as the reference, or float32.</param>
    /// <param name="device">Where to compute.</param>
    public InceptionNetwork(IParameterSource source, ScalarType type, Device device)
        : base(source, device)
    {
        this.type = type;
        ParameterScope root = Root.As(type);
        InceptionUnit Unit(string name, int inputs, int outputs, int kernel, int stride = 1, int padding = 0) => new(root[name], inputs, outputs, (kernel, kernel), stride, (padding, padding));
        stem =
        [
            Unit("Conv2d_1a_3x3", 3, 32, 3, stride: 2), Unit("Conv2d_2a_3x3", 32, 32, 3), Unit("Conv2d_2b_3x3", 32, 64, 3, padding: 1),
            Unit("Conv2d_3b_1x1", 64, 80, 1), Unit("Conv2d_4a_3x3", 80, 192, 3),
        ];
        blocks =
        [
            InceptionBlock.A(root["Mixed_5b"], 192, 32), InceptionBlock.A(root["Mixed_5c"], 256, 64), InceptionBlock.A(root["Mixed_5d"], 288, 64),
            InceptionBlock.B(root["Mixed_6a"]),
            InceptionBlock.C(root["Mixed_6b"], 128), InceptionBlock.C(root["Mixed_6c"], 160), InceptionBlock.C(root["Mixed_6d"], 160), InceptionBlock.C(root["Mixed_6e"], 192),
            InceptionBlock.D(root["Mixed_7a"]),
            InceptionBlock.E(root["Mixed_7b"], 1280, Pooling.Mean), InceptionBlock.E(root["Mixed_7c"], 2048, Pooling.Max),
        ];
        weight = root["fc"].Parameter("weight", Initializer.Weight, Classes, Features);
        bias = root["fc"].Parameter("bias", Initializer.Zeros, Classes);
    }

    /// <summary>Looks at images.</summary>
    /// <param name="images">uint8 [B, 3, H, W], of any height and width.</param>
    /// <param name="layers">Gets each layer's output by name where not null, for tests.</param>
    /// <returns>The caller disposes it.</returns>
    public InceptionFeatures Forward(Tensor images, Action<string, Tensor>? layers = null)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        if (Device.type == DeviceType.CPU && images.shape[0] > Chunk)
        {
            InceptionFeatures[] parts = [.. images.split(Chunk).Select(part => Forward(part, layers))];
            return new InceptionFeatures(cat([.. parts.Select(part => part.Pooled)]), cat([.. parts.Select(part => part.Spatial)]), cat([.. parts.Select(part => part.Logits)])).MoveToOuterDisposeScope();
        }
        Tensor x = Resize(images.to(type, Device));
        using CpuThreads.Taken threads = CpuThreads.TakeAll(OwnKernels.SuitFolded(x));
        layers?.Invoke("resize", x);
        x = (x - 128) / 128;
        for (int i = 0; i < stem.Length; i++)
        {
            x = stem[i].Forward(x);
            layers?.Invoke(stem[i].Name, x);
            if (i is not (2 or 4))
                continue;
            x = InceptionBlock.Pool(x, Pooling.MaxHalving);
            layers?.Invoke(i == 2 ? "MaxPool_1" : "MaxPool_2", x);
        }
        Tensor? spatial = null;
        foreach (InceptionBlock block in blocks)
        {
            x = block.Forward(x);
            layers?.Invoke(block.Name, x);
            if (block.Name == "Mixed_6d") // its first channels are the branch that TensorFlow names mixed_6/conv
                spatial = x.narrow(1, 0, SpatialChannels).permute(0, 2, 3, 1).flatten(1).contiguous();
        }
        Tensor pooled = x.mean([2, 3]);
        Tensor logits = pooled.mm(weight.t());
        return new(pooled.MoveToOuterDisposeScope(), spatial!.MoveToOuterDisposeScope(), logits.MoveToOuterDisposeScope());
    }

    public override void Dispose()
    {
        foreach (InceptionUnit unit in stem.Concat(blocks.SelectMany(block => block.Units)))
            unit.Dispose();
        base.Dispose();
    }

    /// <summary>What the network adds to <see cref="InceptionFeatures.Logits"/> for a class's probability; [1008].</summary>
    internal Tensor Bias => bias;

    /// <summary>TensorFlow 1's bilinear resizing to 299 × 299: no half pixel, no antialiasing, corners not aligned.</summary>
    private static Tensor Resize(Tensor x)
    {
        const int side = 299;
        using var scope = NewDisposeScope();
        (Tensor left, Tensor right, Tensor across) = Places(x.shape[3]);
        (Tensor top, Tensor bottom, Tensor down) = Places(x.shape[2]);
        Tensor above = x.index_select(2, top), below = x.index_select(2, bottom);
        above = Blend(above.index_select(3, left), above.index_select(3, right), across);
        below = Blend(below.index_select(3, left), below.index_select(3, right), across);
        return Blend(above, below, down.unsqueeze(1)).MoveToOuterDisposeScope();

        (Tensor Low, Tensor High, Tensor Share) Places(long length)
        {
            double scale = (float)length / (float)side;
            Tensor places = arange(side, dtype: x.dtype, device: x.device) * (x.dtype == ScalarType.Float32 ? (float)scale : scale);
            Tensor low = places.floor();
            return (low.to(ScalarType.Int64), (low + 1).clamp_max(length - 1).to(ScalarType.Int64), places - low);
        }

        static Tensor Blend(Tensor a, Tensor b, Tensor share) => a + (b - a) * share;
    }
}

/// <summary>What the Inception network sees in images.</summary>
/// <param name="Pooled">[B, 2048], what FID, precision and recall compare.</param>
/// <param name="Spatial">[B, 2023], what sFID compares.</param>
/// <param name="Logits">[B, 1008] without the bias, of which the Inception Score is made.</param>
internal sealed record InceptionFeatures(Tensor Pooled, Tensor Spatial, Tensor Logits) : IDisposable
{
    public InceptionFeatures MoveToOuterDisposeScope()
    {
        Pooled.MoveToOuterDisposeScope();
        Spatial.MoveToOuterDisposeScope();
        Logits.MoveToOuterDisposeScope();
        return this;
    }

    public void Dispose()
    {
        Pooled.Dispose();
        Spatial.Dispose();
        Logits.Dispose();
    }
}
