using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training.Losses;

/// <summary>A circular 1-D convolution whose weight is divided by its largest singular value (Miyato et al., 2018).</summary>
internal sealed class SpectralConv1d
{
    private readonly Parameter weight;
    private readonly Parameter bias;
    private readonly int kernel;

    public SpectralConv1d(ParameterScope scope, int inputs, int outputs, int kernel, Device device, int seed)
    {
        this.kernel = kernel;
        Initializer initializer = Initializer.Uniform(Math.Pow(inputs * kernel, -0.5));
        weight = scope.Parameter("weight", initializer, outputs, inputs, kernel);
        bias = scope.Parameter("bias", initializer, outputs);
        using var random = new torch.Generator((ulong)seed);
        using var outer = NewDisposeScope();
        Direction = nn.functional.normalize(randn(outputs, generator: random).to(device), 2, 0, 1e-12).DetachFromDisposeScope();
    }

    /// <summary>The estimate of the first left singular vector, [outputs]; every pass improves it by one power iteration.</summary>
    public Tensor Direction { get; }

    /// <param name="x">[B, inputs, L].</param>
    public Tensor Forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        Tensor matrix = weight.flatten(1); // [outputs, inputs · kernel]
        Tensor right;
        using (no_grad())
        {
            right = nn.functional.normalize(matrix.t().mv(Direction), 2, 0, 1e-12);
            Direction.copy_(nn.functional.normalize(matrix.mv(right), 2, 0, 1e-12));
        }
        Tensor largest = dot(Direction.clone(), matrix.mv(right));
        if (kernel > 1)
            x = nn.functional.pad(x, [kernel / 2, kernel / 2], PaddingModes.Circular);
        return nn.functional.conv1d(x, weight / largest, bias).MoveToOuterDisposeScope();
    }
}
