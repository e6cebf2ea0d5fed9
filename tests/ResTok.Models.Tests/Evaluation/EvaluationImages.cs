using ResTok.Models.Parameters;
using ResTok.Models.Tests.Parity;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Evaluation;

/// <summary>The images and weights of the evaluation's golden set (Data/golden/evaluation/README.md).</summary>
internal sealed class EvaluationImages(string salt)
{
    private readonly Recipe recipe = new(salt);

    /// <summary>Of Inception, and of LPIPS on AlexNet.</summary>
    public IParameterSource Weights => new PositiveHeads(recipe, [(1, 0), (2, 3), (3, 6), (4, 8), (5, 10)]);

    /// <summary>Of LPIPS on VGG16.</summary>
    public IParameterSource VggWeights => new PositiveHeads(recipe, [(1, 0), (1, 2), (2, 5), (2, 7), (3, 10), (3, 12), (3, 14), (4, 17), (4, 19), (4, 21), (5, 24), (5, 26), (5, 28)]);

    /// <summary>[1, 3, H, W]: a smooth image with noise.</summary>
    public Tensor Busy(int b, int height, int width) =>
        (Recipe.Smooth(b, height, width) + 0.25f * recipe.Uniform($"image.noise.{b}", 1, 3, height, width)).clamp(0, 1);

    public static Tensor RoundTo8Bits(Tensor image) => (image * 255).round() / 255;

    public static Tensor Bytes(Tensor image) => (image * 255).to(ScalarType.Byte);

    /// <summary>What the goldens call strided: elements 0, s, 2s … of the flattened tensor, n of them.</summary>
    public static Tensor Strided(Tensor x, int n)
    {
        Tensor flat = x.contiguous().flatten();
        long stride = Math.Max(1, flat.numel() / n);
        return flat.index_select(0, arange(0, Math.Min(n, (flat.numel() + stride - 1) / stride)) * stride);
    }

    /// <param name="places">Of each convolution: the slice that the package keeps it in, and its index in torchvision's layers.</param>
    private sealed class PositiveHeads(Recipe recipe, (int Slice, int Index)[] places) : IParameterSource
    {
        public Tensor Get(string name, long[] shape, Initializer initializer) =>
            name.StartsWith("lin", StringComparison.Ordinal) ? recipe.Weights(name, shape).abs_()
            : name.StartsWith("features.", StringComparison.Ordinal) && names.TryGetValue(name["features.".Length..], out string? slice) ? recipe.Weights(slice, shape)
            : recipe.Weights(name, shape);

        /// <summary>The package keeps torchvision's layers in slices, by which the goldens' weights are made: "3.weight" is "net.slice2.3.weight".</summary>
        private readonly Dictionary<string, string> names = places
            .SelectMany(place => new[] { "weight", "bias" }.Select(kind => ($"{place.Index}.{kind}", $"net.slice{place.Slice}.{place.Index}.{kind}")))
            .ToDictionary(pair => pair.Item1, pair => pair.Item2);
    }
}
