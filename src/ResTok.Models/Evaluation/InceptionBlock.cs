using ResTok.Models.Layers.Kernels;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>How the last branch of a block pools.</summary>
internal enum Pooling
{
    /// <summary>Means of 3×3 that leave the padding out.</summary>
    Mean,

    /// <summary>Largest of 3×3.</summary>
    Max,

    /// <summary>Largest of 3×3 at stride 2, without padding and without a convolution after it.</summary>
    MaxHalving,
}

/// <summary>A convolution, batch normalisation with fixed statistics, and ReLU.</summary>
internal sealed class InceptionUnit : IDisposable
{
    private const double Epsilon = 0.001;

    private readonly Lock gate = new();
    private readonly Parameter weight;
    private readonly Parameter scale;
    private readonly Parameter shift;
    private readonly Parameter mean;
    private readonly Parameter variance;
    private readonly int stride;
    private readonly (int Height, int Width) padding;
    private FoldedConvolution? folded; // made when first needed

    public InceptionUnit(ParameterScope scope, int inputs, int outputs, (int Height, int Width) kernel, int stride, (int Height, int Width) padding)
    {
        Name = scope.Name;
        weight = scope["conv"].Parameter("weight", Initializer.Weight, outputs, inputs, kernel.Height, kernel.Width);
        ParameterScope norm = scope["bn"];
        scale = norm.Parameter("weight", Initializer.Ones, outputs);
        shift = norm.Parameter("bias", Initializer.Zeros, outputs);
        mean = norm.Parameter("running_mean", Initializer.Zeros, outputs);
        variance = norm.Parameter("running_var", Initializer.Ones, outputs);
        (this.stride, this.padding) = (stride, padding);
    }

    public string Name { get; }

    public int Outputs => (int)weight.shape[0];

    public Tensor Forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        if (OwnKernels.SuitFolded(x))
            return Folded().Apply(x).MoveToOuterDisposeScope();
        Tensor y = nn.functional.conv2d(x, weight, null, [stride, stride], [padding.Height, padding.Width]);
        return nn.functional.batch_norm(y, mean, variance, scale, shift, training: false, eps: Epsilon).relu_().MoveToOuterDisposeScope();
    }

    /// <summary>The same, as some of the channels of a larger result.</summary>
    /// <param name="x">[B, inputs, H, W], where <see cref="OwnKernels.SuitFolded"/>.</param>
    /// <param name="result">[B, H', W', channels].</param>
    /// <param name="channel">The first that is written.</param>
    public void ForwardInto(Tensor x, Tensor result, int channel) => Folded().Apply(x, result, channel);

    public void Dispose() => folded?.Dispose();

    private FoldedConvolution Folded()
    {
        lock (gate)
        {
            if (folded is not null)
                return folded;
            using var scope = NewDisposeScope();
            Tensor factor = scale.to(ScalarType.Float64) / (variance.to(ScalarType.Float64) + Epsilon).sqrt();
            return folded = new(weight, factor, shift - mean * factor, stride, padding, isRectified: true);
        }
    }
}

/// <summary>Branches over one input, whose outputs are concatenated in the order written.</summary>
internal sealed class InceptionBlock
{
    private readonly InceptionUnit[][] branches;
    private readonly InceptionUnit[][] forks; // pairs that both take a branch's output; empty where the branch does not fork
    private readonly Pooling pooling;
    private readonly InceptionUnit? afterPooling;

    private InceptionBlock(ParameterScope scope, InceptionUnit[][] branches, InceptionUnit[][] forks, Pooling pooling, InceptionUnit? afterPooling)
    {
        Name = scope.Name;
        this.branches = branches;
        this.forks = forks;
        this.pooling = pooling;
        this.afterPooling = afterPooling;
    }

    public string Name { get; }

    /// <summary>All its convolutions.</summary>
    public IEnumerable<InceptionUnit> Units => branches.Concat(forks).SelectMany(branch => branch).Concat(afterPooling is null ? [] : [afterPooling]);

    public static InceptionBlock A(ParameterScope scope, int inputs, int pooled) => new(
        scope,
        [
            [Unit(scope, "branch1x1", inputs, 64)],
            [Unit(scope, "branch5x5_1", inputs, 48), Unit(scope, "branch5x5_2", 48, 64, 5, 5)],
            [Unit(scope, "branch3x3dbl_1", inputs, 64), Unit(scope, "branch3x3dbl_2", 64, 96, 3, 3), Unit(scope, "branch3x3dbl_3", 96, 96, 3, 3)],
        ],
        [], Pooling.Mean, Unit(scope, "branch_pool", inputs, pooled));

    public static InceptionBlock B(ParameterScope scope) => new(
        scope,
        [
            [Halving(scope, "branch3x3", 288, 384)],
            [Unit(scope, "branch3x3dbl_1", 288, 64), Unit(scope, "branch3x3dbl_2", 64, 96, 3, 3), Halving(scope, "branch3x3dbl_3", 96, 96)],
        ],
        [], Pooling.MaxHalving, null);

    public static InceptionBlock C(ParameterScope scope, int inner) => new(
        scope,
        [
            [Unit(scope, "branch1x1", 768, 192)],
            [Unit(scope, "branch7x7_1", 768, inner), Unit(scope, "branch7x7_2", inner, inner, 1, 7), Unit(scope, "branch7x7_3", inner, 192, 7, 1)],
            [
                Unit(scope, "branch7x7dbl_1", 768, inner), Unit(scope, "branch7x7dbl_2", inner, inner, 7, 1), Unit(scope, "branch7x7dbl_3", inner, inner, 1, 7),
                Unit(scope, "branch7x7dbl_4", inner, inner, 7, 1), Unit(scope, "branch7x7dbl_5", inner, 192, 1, 7),
            ],
        ],
        [], Pooling.Mean, Unit(scope, "branch_pool", 768, 192));

    public static InceptionBlock D(ParameterScope scope) => new(
        scope,
        [
            [Unit(scope, "branch3x3_1", 768, 192), Halving(scope, "branch3x3_2", 192, 320)],
            [Unit(scope, "branch7x7x3_1", 768, 192), Unit(scope, "branch7x7x3_2", 192, 192, 1, 7), Unit(scope, "branch7x7x3_3", 192, 192, 7, 1), Halving(scope, "branch7x7x3_4", 192, 192)],
        ],
        [], Pooling.MaxHalving, null);

    public static InceptionBlock E(ParameterScope scope, int inputs, Pooling pooling) => new(
        scope,
        [
            [Unit(scope, "branch1x1", inputs, 320)],
            [Unit(scope, "branch3x3_1", inputs, 384)],
            [Unit(scope, "branch3x3dbl_1", inputs, 448), Unit(scope, "branch3x3dbl_2", 448, 384, 3, 3)],
        ],
        [
            [],
            [Unit(scope, "branch3x3_2a", 384, 384, 1, 3), Unit(scope, "branch3x3_2b", 384, 384, 3, 1)],
            [Unit(scope, "branch3x3dbl_3a", 384, 384, 1, 3), Unit(scope, "branch3x3dbl_3b", 384, 384, 3, 1)],
        ],
        pooling, Unit(scope, "branch_pool", inputs, 192));

    /// <param name="x">[B, C, H, W].</param>
    public Tensor Forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var ends = new List<(Tensor Input, InceptionUnit? Last)>(); // of each branch
        for (int i = 0; i < branches.Length; i++)
        {
            bool isForked = forks.Length > 0 && forks[i].Length > 0;
            Tensor y = branches[i].SkipLast(isForked ? 0 : 1).Aggregate(x, (input, unit) => unit.Forward(input));
            ends.AddRange(isForked ? forks[i].Select(unit => (y, (InceptionUnit?)unit)) : [(y, branches[i][^1])]);
        }
        Tensor pooled = Pool(x, pooling);
        ends.Add((pooled, afterPooling));
        if (!OwnKernels.SuitFolded(x))
            return cat([.. ends.Select(end => end.Last?.Forward(end.Input) ?? end.Input)], 1).MoveToOuterDisposeScope();
        Tensor whole = OwnKernels.Empty(x.dtype, x.shape[0], pooled.shape[2], pooled.shape[3], ends.Sum(end => end.Last?.Outputs ?? end.Input.shape[1]));
        int channel = 0;
        foreach ((Tensor input, InceptionUnit? last) in ends)
        {
            last?.ForwardInto(input, whole, channel);
            if (last is null)
                whole.narrow(3, channel, input.shape[1]).copy_(input.permute(0, 2, 3, 1));
            channel += last?.Outputs ?? (int)input.shape[1];
        }
        return whole.permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    /// <param name="x">[B, C, H, W].</param>
    /// <param name="how">Over windows of 3×3.</param>
    public static Tensor Pool(Tensor x, Pooling how)
    {
        (int stride, int padding) = how == Pooling.MaxHalving ? (2, 0) : (1, 1);
        return OwnKernels.SuitFolded(x) ? WindowPooling.Apply(x, stride, padding, isMean: how == Pooling.Mean)
            : how == Pooling.Mean ? nn.functional.avg_pool2d(x, [3, 3], [1, 1], [1, 1], count_include_pad: false)
            : nn.functional.max_pool2d(x, 3, stride, padding);
    }

    private static InceptionUnit Unit(ParameterScope scope, string name, int inputs, int outputs, int height = 1, int width = 1) =>
        new(scope[name], inputs, outputs, (height, width), stride: 1, (height / 2, width / 2));

    private static InceptionUnit Halving(ParameterScope scope, string name, int inputs, int outputs) =>
        new(scope[name], inputs, outputs, (3, 3), stride: 2, (0, 0));
}
