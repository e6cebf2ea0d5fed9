using ResTok.Models.Layers;
using ResTok.Models.Layers.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Layers.Kernels;

/// <summary>Every kernel choice against the plain operation, on both sides of its thresholds.</summary>
public sealed class KernelTests : IDisposable
{
    private const int Inputs = 96, Outputs = 80;

    private readonly DisposeScope scope = NewDisposeScope();
    private readonly torch.Generator random = new(7);

    public void Dispose()
    {
        scope.Dispose();
        random.Dispose();
    }

    [Fact]
    public void A_linear_layer_and_what_follows_it_in_every_format()
    {
        using var noGradient = no_grad();
        Tensor x = Random(2, 9, Inputs), weight = Random(Outputs, Inputs) / 10, bias = Random(Outputs), scale = Random(Outputs), stream = Random(2, 9, Outputs), factor = Random(2, 9, Outputs);
        Tensor plain = Plain(x, weight, bias);
        foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            Tensor given = x.to(type), weights = weight.to(type), biases = bias.to(type), scales = scale.to(type);
            double tolerance = type == ScalarType.Float32 ? 1e-5 : 0.15;
            AssertNear(nn.functional.gelu(plain), CpuLinear.Apply(given, weights, biases, Activation.Gelu), tolerance);
            AssertNear(nn.functional.silu(plain) * factor, CpuLinear.Apply(given, weights, biases, Activation.Silu, factor.to(type)), tolerance);
            AssertNear(stream + plain, CpuLinear.Apply(given, weights, biases, addend: stream.to(type)), tolerance);
            Tensor added = CpuLinear.Apply(given, weights, biases, scale: scales, addend: stream); // a stream of a wider type
            AssertNear(stream + scale * plain, added, tolerance);
            Assert.Equal(ScalarType.Float32, added.dtype);
        }
    }

    [Fact]
    public void A_linear_layer_of_rows_that_do_not_lie_together()
    {
        using var noGradient = no_grad();
        Tensor weight = Random(Outputs, Inputs);
        foreach (long rows in new[] { 4L, 100, 300 })
        {
            Tensor x = Random(2, Inputs, rows).transpose(1, 2); // [2, rows, inputs]
            AssertNear(Plain(x, weight, null), CpuLinear.Apply(x, weight, null));
        }
    }

    [Fact]
    public void A_linear_layer_has_gradients()
    {
        Tensor x = Random(300, Inputs).requires_grad_(true), weight = Random(Outputs, Inputs);
        CpuLinear.Apply(x, weight, null).sum().backward();
        AssertNear(weight.to(ScalarType.Float64).sum([0L]).expand(300, -1), x.grad!);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(64, false)]
    [InlineData(64, true)]
    [InlineData(65, false)]
    [InlineData(65, true)]
    public void Attention_in_both_formats(int queries, bool masked)
    {
        using var noGradient = no_grad();
        Tensor query = Random(2, 3, queries, 16), key = Random(2, 3, 9, 16), value = Random(2, 3, 9, 16);
        Tensor? mask = masked ? where(rand([queries, 9], generator: random) < 0.4, tensor(float.NegativeInfinity), tensor(0f)) : null;
        mask?.select(1, 0).zero_(); // nobody sees nothing
        Tensor scores = (query.to(ScalarType.Float64) / 4).matmul(key.to(ScalarType.Float64).transpose(-2, -1));
        Tensor expected = softmax(mask is null ? scores : scores + mask, -1).matmul(value.to(ScalarType.Float64));
        AssertNear(expected, ScaledDotProduct.Attend(query, key, value, mask));
        AssertNear(softmax(mask is null ? scores : scores + mask, -1).mean([1]), ScaledDotProduct.Map(query, key, mask));
        Tensor[] half = [.. new[] { query, key, value }.Select(x => x.to(ScalarType.BFloat16))];
        Assert.Equal(queries > CpuAttention.FewQueries, CpuAttention.PrefersProducts(half[0]));
        AssertNear(expected, ScaledDotProduct.Attend(half[0], half[1], half[2], mask?.to(ScalarType.BFloat16)), 0.05);
    }

    [Fact]
    public void Dropped_attention_weights_keep_the_mean()
    {
        Tensor query = Random(1, 1, 4, 16), key = Random(1, 1, 9, 16), value = ones(1, 1, 9, 16);
        using var noise = new DropoutNoise(1);
        Tensor sum = zeros(1, 1, 4, 16);
        for (int i = 0; i < 2000; i++)
        {
            using var inner = NewDisposeScope();
            sum.add_(ScaledDotProduct.Attend(query, key, value, null, noise, 0.25));
        }
        AssertNear(ones_like(sum), sum / 2000, 0.05);
    }

    /// <summary>As many images as fit, one fewer, one more, and images so large that they go one by one.</summary>
    [Theory]
    [InlineData(64, 16)]
    [InlineData(64, 15)]
    [InlineData(64, 17)]
    [InlineData(256, 2)]
    [InlineData(272, 2)]
    public void Chunks_of_images(int side, int count)
    {
        using var noGradient = no_grad();
        Tensor x = Random(count, 2, side, side), weight = Random(3, 2, 3, 3);
        int runs = 0;
        Tensor chunked = ImageChunks.Run(x, side, chunk =>
        {
            runs++;
            Assert.True(chunk.shape[0] == 1 || chunk.shape[0] * side * side <= ImageChunks.Pixels);
            return nn.functional.conv2d(chunk, weight, padding: [1, 1]);
        });
        Assert.Equal((count + Math.Max(1, ImageChunks.Pixels / side / side) - 1) / Math.Max(1, ImageChunks.Pixels / side / side), runs);
        AssertNear(nn.functional.conv2d(x.to(ScalarType.Float64), weight.to(ScalarType.Float64), padding: [1, 1]), chunked);
    }

    [Fact]
    public void With_gradients_images_go_together_and_nothing_is_overwritten()
    {
        Tensor x = Random(17, 2, 64, 64), before = x.clone();
        int runs = 0;
        ImageChunks.Run(x, 64, whole =>
        {
            runs++;
            return whole.alias();
        });
        Assert.Equal(1, runs);
        AssertNear(before * sigmoid(before), InPlace.Silu(x));
        AssertNear(nn.functional.gelu(before), InPlace.Gelu(x));
        AssertNear(before + before, InPlace.Add(x, before));
        Assert.True(x.equal(before).all().item<bool>());
    }

    [Fact]
    public void Without_gradients_the_first_argument_becomes_the_result()
    {
        using var noGradient = no_grad();
        foreach ((Func<Tensor, Tensor> plain, Func<Tensor, Tensor> inPlace) in new (Func<Tensor, Tensor>, Func<Tensor, Tensor>)[]
        {
            (x => x * sigmoid(x), InPlace.Silu), (x => nn.functional.gelu(x), InPlace.Gelu), (x => x + 1, x => InPlace.Add(x, ones_like(x))),
        })
        {
            Tensor x = Random(5, 7), expected = plain(x), result = inPlace(x);
            AssertNear(expected, result);
            Assert.True(x.equal(result).all().item<bool>());
        }
    }

    private Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float32, generator: random);

    /// <summary>y = x·Wᵀ + b in float64.</summary>
    private static Tensor Plain(Tensor x, Tensor weight, Tensor? bias)
    {
        Tensor y = x.to(ScalarType.Float64).matmul(weight.to(ScalarType.Float64).t());
        return bias is null ? y : y + bias.to(ScalarType.Float64);
    }

    private static void AssertNear(Tensor expected, Tensor actual, double tolerance = 1e-4)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange((expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).abs().max().item<double>(), 0, tolerance);
    }
}
