using ResTok.Models.Layers.Kernels;
using ResTok.Models.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Layers.Kernels;

/// <summary>
/// The library's own kernels with weights of bfloat16, against float64 of inputs rounded as they are. Where the processor has no such
/// instructions (also with <c>DOTNET_EnableAVX512=0</c> or <c>RESTOK_KERNELS=safe</c>), networks must go libtorch's way, which is tested instead.
/// </summary>
public sealed class BfloatKernelTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly torch.Generator random = new(12);
    private readonly IDisposable noGradient = no_grad();

    public BfloatKernelTests() => TorchRuntime.EnsureLoaded();

    public void Dispose()
    {
        noGradient.Dispose();
        scope.Dispose();
        random.Dispose();
    }

    [Fact]
    public void Networks_with_weights_of_bfloat16_keep_float32_between_products_only_where_these_are_computed_here()
    {
        Tensor x = Random(2, 3), weight = Bfloat(4, 3);
        Assert.Equal(BfloatProduct.IsKnown, OwnKernels.Suit(x, weight));
        Assert.Equal(BfloatProduct.IsKnown ? ScalarType.Float32 : ScalarType.BFloat16, OwnKernels.Format(ScalarType.BFloat16, CPU));
        Assert.Equal(ScalarType.BFloat16, OwnKernels.Format(ScalarType.BFloat16, new Device(DeviceType.CUDA)));
        Assert.Equal(ScalarType.Float32, OwnKernels.Format(ScalarType.Float32, CPU));
        if (!BfloatProduct.IsKnown)
            AssertNear(Linear(x, weight), nn.functional.linear(x.to(ScalarType.BFloat16), weight), 0.05);
        using var gradient = enable_grad();
        Assert.False(OwnKernels.Suit(x, weight));
        Assert.Equal(ScalarType.BFloat16, OwnKernels.Format(ScalarType.BFloat16, CPU));
    }

    [Fact]
    public void Products_of_all_tails()
    {
        if (!BfloatProduct.IsKnown)
            return;
        foreach (int rows in new[] { 1, 2, 5, 31, 32, 33, 70 })
        {
            foreach (int inputs in new[] { 1, 2, 15, 16, 33, 64, 100 })
            {
                foreach (int outputs in new[] { 1, 3, 16, 17, 63, 64, 65, 135 })
                {
                    using var inner = NewDisposeScope();
                    Tensor x = Random(rows, inputs), weight = Bfloat(outputs, inputs), bias = Bfloat(outputs), scale = Bfloat(outputs), addend = Random(rows, outputs), factor = Random(rows, outputs);
                    Tensor plain = Linear(x, weight, bias);
                    AssertNear(Linear(x, weight), PackedProduct.Apply(x, weight, null));
                    AssertNear(nn.functional.gelu(plain), PackedProduct.Apply(x, weight, bias, Activation.Gelu));
                    AssertNear(addend + scale * (factor * nn.functional.silu(plain)), PackedProduct.Apply(x, weight, bias, Activation.Silu, factor, scale, addend), 1e-4);
                }
            }
        }
        Tensor many = Random(2100, 4096), large = Bfloat(40, 4096);
        AssertNear(Linear(many, large) / 64, PackedProduct.Apply(many, large, null) / 64);
    }

    [Fact]
    public void Numbers_are_rounded_as_by_libtorch()
    {
        if (!BfloatProduct.IsKnown)
            return;
        float[] special = [0, -0f, 1, 1 + 1f / 256, 1 + 3f / 256, -1 - 1f / 256, 3e38f, float.MaxValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 1e-40f, 65504, 0.1f, -0.3f, 7, 9];
        Tensor x = cat([tensor(special), Random(2000)]).unsqueeze(1), one = ones([1, 1], dtype: ScalarType.BFloat16);
        Tensor expected = x.to(ScalarType.BFloat16).to(ScalarType.Float32), actual = PackedProduct.Apply(x, one, null);
        Assert.Equal(expected.nan_to_num(12345).where(expected.abs() > 1e-37, zeros(1)).data<float>().ToArray(), actual.nan_to_num(12345).where(expected.abs() > 1e-37, zeros(1)).data<float>().ToArray());
        Tensor row = Random(1, 40), wide = eye(40, dtype: ScalarType.BFloat16); // by registers
        Assert.Equal(row.to(ScalarType.BFloat16).to(ScalarType.Float32).data<float>().ToArray(), PackedProduct.Apply(row, wide, null).data<float>().ToArray());
    }

    [Fact]
    public void Convolutions_of_all_tails()
    {
        if (!BfloatProduct.IsKnown)
            return;
        foreach ((int batch, int inputs, int outputs, int height, int width) in new[]
            { (1, 1, 1, 1, 1), (2, 3, 5, 7, 4), (1, 8, 32, 12, 12), (2, 16, 33, 5, 13), (1, 24, 64, 25, 66), (3, 5, 70, 1, 9), (1, 5, 3, 40, 1), (1, 64, 128, 64, 60), (2, 37, 33, 6, 70), (1, 32, 100, 2, 2) })
        {
            using var inner = NewDisposeScope();
            Tensor x = Random(batch, inputs, height, width), weight = (Random(outputs, inputs, 3, 3) / Math.Sqrt(9 * inputs)).to(ScalarType.BFloat16), pointwise = (Random(outputs, inputs, 1, 1) / Math.Sqrt(inputs)).to(ScalarType.BFloat16), bias = Bfloat(outputs);
            bool isWinograd = WinogradConvolution.FormFor(height, width, weight) == WeightForm.SmallWinograd;
            Tensor doubledWeight = weight.clone(), rounded = Rounded(x);
            AssertNear(Convolution(rounded, weight, bias), PackedConvolution.Apply(x, weight, bias), isWinograd ? 0.03 : 3e-5);
            AssertNear(Convolution(rounded, pointwise, bias), PackedConvolution.Apply(x, pointwise, bias));
            AssertNear(Convolution(rounded, pointwise, bias), PackedProduct.ApplyToPixels(x, pointwise, bias, null));
            Tensor large = nn.functional.interpolate(rounded, scale_factor: [2, 2], mode: InterpolationMode.Nearest);
            AssertNear(Convolution(large, weight, bias), PackedConvolution.Apply(x, doubledWeight, bias, doubled: true), 0.03); // sums of weights are rounded again
        }
    }

    /// <summary>Rounding transformed numbers makes 2.3 times the error of rounding the numbers.</summary>
    [Fact]
    public void Winograds_convolution_errs_little_more_than_a_plain_one()
    {
        if (!BfloatProduct.IsKnown)
            return;
        Tensor x = Random(1, 128, 64, 64), weight = (Random(128, 128, 3, 3) / Math.Sqrt(9 * 128)).to(ScalarType.BFloat16), exact = Convolution(x.to(ScalarType.Float64), weight, null);
        double plain = Error(Convolution(Rounded(x), weight, null)), own = Error(PackedConvolution.Apply(x, weight, null));
        Assert.InRange(own, 0, 2.5 * plain);

        double Error(Tensor y) => (y.to(ScalarType.Float64) - exact).pow(2).mean().sqrt().item<double>();
    }

    [Fact]
    public void Group_norm_and_silu_before_a_convolution()
    {
        if (!BfloatProduct.IsKnown)
            return;
        foreach ((int channels, int groups, int side) in new[] { (8, 2, 9), (33, 3, 7), (64, 32, 40) })
        {
            Tensor x = Random(2, channels, side, side), weight = (Random(20, channels, 3, 3) / Math.Sqrt(9 * channels)).to(ScalarType.BFloat16), normWeight = Bfloat(channels), normBias = Bfloat(channels), addend = Random(2, 20, side, side);
            Tensor prepared = nn.functional.silu(nn.functional.group_norm(x.to(ScalarType.Float64), groups, normWeight.to(ScalarType.Float64), normBias.to(ScalarType.Float64), 1e-6));
            AssertNear(Convolution(prepared, weight, null) + addend, PackedConvolution.Apply(x, weight, null, new(normWeight, normBias, groups, 1e-6), addend), 0.03);
        }
    }

    private Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float32, generator: random);

    private Tensor Bfloat(params long[] shape) => Random(shape).to(ScalarType.BFloat16);

    private static Tensor Rounded(Tensor x) => x.to(ScalarType.BFloat16).to(ScalarType.Float64);

    private static Tensor Linear(Tensor x, Tensor weight, Tensor? bias = null) => nn.functional.linear(Rounded(x), weight.to(ScalarType.Float64), bias?.to(ScalarType.Float64));

    private static Tensor Convolution(Tensor x, Tensor weight, Tensor? bias) =>
        nn.functional.conv2d(x, weight.to(ScalarType.Float64), bias?.to(ScalarType.Float64), padding: [weight.shape[2] / 2, weight.shape[2] / 2]);

    private static void AssertNear(Tensor expected, Tensor actual, double tolerance = 3e-5)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange((expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).abs().max().item<double>(), 0, tolerance);
    }
}
