using ResTok.Models.Parameters;
using ResTok.Models.Training.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>
/// LPIPS on AlexNet (Zhang et al., 2018, version 0.1), the one that is reported of reconstructions: differences of features, weighted by
/// learned heads (package <c>lpips</c>, <c>net='alex'</c>, <c>normalize=True</c>).
/// </summary>
internal sealed class AlexDistance : AuxiliaryNetwork
{
    /// <summary>Of each convolution: its index in torchvision's <c>features</c>, channels out, kernel, stride, padding, and whether a pooling stands before it.</summary>
    private static readonly (int Index, int Outputs, int Kernel, int Stride, int Padding, bool Pools)[] Slices =
        [(0, 64, 11, 4, 2, false), (3, 192, 5, 1, 2, true), (6, 384, 3, 1, 1, true), (8, 256, 3, 1, 1, false), (10, 256, 3, 1, 1, false)];

    private readonly (Parameter Weight, Parameter Bias, Parameter Head)[] layers;

    /// <param name="source">AlexNet under torchvision's names, the heads as <c>lin0.model.1.weight</c> and so on.</param>
    /// <param name="device">Where to compute.</param>
    public AlexDistance(IParameterSource source, Device device)
        : base(source, device)
    {
        int inputs = 3;
        layers = new (Parameter, Parameter, Parameter)[Slices.Length];
        for (int i = 0; i < Slices.Length; i++)
        {
            (int index, int outputs, int kernel, _, _, _) = Slices[i];
            ParameterScope features = Root["features"][index];
            layers[i] = (features.Parameter("weight", Initializer.Weight, outputs, inputs, kernel, kernel), features.Parameter("bias", Initializer.Zeros, outputs),
                Root[$"lin{i}"]["model"][1].Parameter("weight", Initializer.Ones, 1, outputs, 1, 1));
            inputs = outputs;
        }
    }

    /// <param name="x">[B, 3, H, W] in [0, 1], of at least 31 pixels a side.</param>
    /// <param name="y">The same shape.</param>
    /// <param name="report">Gets each slice's own distances where not null, for tests.</param>
    /// <returns>[B].</returns>
    public Tensor Forward(Tensor x, Tensor y, Action<int, Tensor>? report = null)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor shift = tensor(new[] { -0.030f, -0.088f, -0.188f }).view(1, 3, 1, 1).to(Device), scale = tensor(new[] { 0.458f, 0.448f, 0.450f }).view(1, 3, 1, 1).to(Device);
        Tensor both = ((cat([x, y]).to(Device) * 2 - 1) - shift) / scale;
        Tensor sum = zeros([x.shape[0]], device: Device);
        for (int i = 0; i < layers.Length; i++)
        {
            (_, _, _, int stride, int padding, bool pools) = Slices[i];
            if (pools)
                both = nn.functional.max_pool2d(both, 3, 2);
            both = nn.functional.conv2d(both, layers[i].Weight, layers[i].Bias, [stride, stride], [padding, padding]).relu_();
            Tensor unit = both / (both.pow(2).sum([1], keepdim: true).sqrt() + 1e-10);
            Tensor[] halves = unit.split(x.shape[0]);
            Tensor distance = nn.functional.conv2d((halves[0] - halves[1]).pow(2), layers[i].Head).mean([1, 2, 3]);
            report?.Invoke(i, distance);
            sum += distance;
        }
        return sum.MoveToOuterDisposeScope();
    }
}
