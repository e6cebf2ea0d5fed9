using ResTok.Models.Layers;
using ResTok.Models.Layers.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Layers.Kernels;

/// <summary>
/// The library's own kernels against the plain operations in float64, over shapes with tails in every dimension. They must pass with
/// <c>DOTNET_EnableAVX512=0</c> and <c>DOTNET_EnableAVX2=0</c> too, which choose narrower registers.
/// </summary>
public sealed class OwnKernelTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly torch.Generator random = new(11);
    private readonly IDisposable noGradient = no_grad();

    public void Dispose()
    {
        noGradient.Dispose();
        scope.Dispose();
        random.Dispose();
    }

    [Fact]
    public void Own_kernels_compute_float32_without_gradients_only()
    {
        Tensor x = Random(2, 3);
        Assert.True(OwnKernels.Suit(x));
        Assert.False(OwnKernels.Suit(x.to(ScalarType.Float64)));
        Assert.False(OwnKernels.Suit(x.to(ScalarType.BFloat16)));
        using var gradient = enable_grad();
        Assert.False(OwnKernels.Suit(x));
    }

    [Fact]
    public void Products_of_all_tails()
    {
        int width = Tiles.Width;
        foreach (int rows in new[] { 1, 2, 3, 4, 5, 7, 8, 11, 12, 13, 25, 61 })
        {
            foreach (int inputs in new[] { 1, 2, 15, 64, 100 })
            {
                foreach (int outputs in new[] { 1, 3, width - 1, width, width + 1, 2 * width + 7 })
                {
                    using var inner = NewDisposeScope();
                    Tensor x = Random(rows, inputs), weight = Random(outputs, inputs), bias = Random(outputs);
                    AssertNear(Product(x, weight, null), PackedProduct.Apply(x, weight, null));
                    AssertNear(Product(x, weight, bias), PackedProduct.Apply(x, weight, bias));
                }
            }
        }
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    public void Folded_convolutions_of_all_windows_strides_and_tails(ScalarType type)
    {
        foreach ((int height, int width, int padHeight, int padWidth) in new[] { (1, 1, 0, 0), (3, 3, 0, 0), (3, 3, 1, 1), (5, 5, 2, 2), (1, 7, 0, 3), (7, 1, 3, 0), (3, 1, 1, 0) })
        {
            foreach ((int stride, int inputs, int outputs, int high, int wide) in new[] { (1, 3, 5, 7, 7), (2, 8, 16, 9, 31), (1, 17, 33, 8, 8), (2, 5, 1, 15, 7), (1, 2, 40, 20, 26) })
            {
                using var inner = NewDisposeScope();
                Tensor x = Random(2, inputs, high, wide).to(type), weight = Random(outputs, inputs, height, width).to(type), scale = Random(outputs), shift = Random(outputs);
                using var convolution = new FoldedConvolution(weight, scale, shift, stride, (padHeight, padWidth), isRectified: true);
                Tensor wanted = nn.functional.conv2d(x.to(ScalarType.Float64), weight.to(ScalarType.Float64), null, [stride, stride], [padHeight, padWidth]);
                wanted = (wanted * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)).relu();
                Tensor found = convolution.Apply(x);
                Assert.Equal(type, found.dtype);
                double off = (wanted - found).abs().max().item<double>();
                Assert.True(off < (type == ScalarType.Float64 ? 1e-12 : 1e-4), $"{height}x{width}, stride {stride}, {inputs} to {outputs}, {high}x{wide}: off by {off}");
            }
        }
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    public void Pooling_leaves_the_padding_out(ScalarType type)
    {
        foreach ((int channels, int high, int wide) in new[] { (1, 3, 3), (7, 4, 9), (32, 8, 5) })
        {
            using var inner = NewDisposeScope();
            Tensor x = Random(2, channels, high, wide).to(type) - 3; // all are below the zeros of a padding
            Assert.Equal(0, (nn.functional.max_pool2d(x, 3, 2) - WindowPooling.Apply(x, 2, 0, isMean: false)).abs().max().ToDouble());
            Assert.Equal(0, (nn.functional.max_pool2d(x, 3, 1, 1) - WindowPooling.Apply(x, 1, 1, isMean: false)).abs().max().ToDouble());
            Tensor off = nn.functional.avg_pool2d(x, [3, 3], [1, 1], [1, 1], count_include_pad: false) - WindowPooling.Apply(x, 1, 1, isMean: true);
            Assert.True(off.abs().max().ToDouble() < (type == ScalarType.Float64 ? 1e-14 : 1e-6));
        }
    }

    [Fact]
    public void A_folded_product_of_few_rows()
    {
        Tensor weight = Random(21, 100).to(ScalarType.Float64);
        using var product = new FoldedConvolution(weight.view(21, 100, 1, 1));
        foreach (int rows in new[] { 1, 2, 3, 5, 11, 12, 13, 40 })
        {
            using var inner = NewDisposeScope();
            Tensor x = Random(rows, 100).to(ScalarType.Float64);
            Assert.True((x.mm(weight.t()) - product.ApplyToRows(x)).abs().max().item<double>() < 1e-13);
        }
    }

    [Fact]
    public void A_product_of_more_rows_than_are_packed_together()
    {
        Tensor x = Random(2100, 4096), weight = Random(40, 4096) / 64, addend = Random(2100, 40), factor = Random(2100, 40);
        AssertNear(addend.to(ScalarType.Float64) + factor * Product(x, weight, null), PackedProduct.Apply(x, weight, null, factor: factor, addend: addend));
    }

    [Fact]
    public void What_follows_a_product()
    {
        foreach (int outputs in new[] { 5, 64, 71 })
        {
            Tensor x = Random(2, 9, 33), weight = Random(outputs, 33), bias = Random(outputs), scale = Random(outputs), addend = Random(2, 9, outputs), factor = Random(2, 9, outputs);
            Tensor plain = Product(x, weight, bias);
            AssertNear(nn.functional.gelu(plain), PackedProduct.Apply(x, weight, bias, Activation.Gelu));
            AssertNear(nn.functional.silu(plain), PackedProduct.Apply(x, weight, bias, Activation.Silu));
            AssertNear(addend + scale * (factor * nn.functional.silu(plain)), PackedProduct.Apply(x, weight, bias, Activation.Silu, factor, scale, addend));
        }
    }

    [Fact]
    public void Rows_that_do_not_lie_together()
    {
        Tensor whole = Random(3, 20, 50), weight = Random(40, 33);
        foreach (Tensor x in new[] { whole.narrow(2, 5, 33), whole.narrow(1, 3, 9).narrow(2, 1, 33), Random(3, 33, 20).transpose(1, 2), Random(1, 1, 33).expand(2, 5, 33) })
            AssertNear(Product(x, weight, null), PackedProduct.Apply(x, weight, null));
    }

    [Fact]
    public void Weights_are_packed_again_when_they_change()
    {
        Tensor x = Random(4, 16), weight = Random(40, 16), convolution = Random(8, 4, 3, 3), image = Random(1, 4, 5, 5);
        for (int change = 0; change < 3; change++)
        {
            AssertNear(Product(x, weight, null), PackedProduct.Apply(x, weight, null));
            AssertNear(Convolution(image, convolution, null), PackedConvolution.Apply(image, convolution, null));
            weight.mul_(2);
            convolution.narrow(0, 1, 2).add_(1); // through a view
        }
        PackedWeights.Free(weight);
        AssertNear(Product(x, weight, null), PackedProduct.Apply(x, weight, null));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Convolutions_of_all_tails()
    {
        foreach ((int batch, int inputs, int outputs, int height, int width) in new[]
            { (1, 1, 1, 1, 1), (2, 3, 5, 7, 4), (1, 8, 32, 12, 12), (2, 16, 33, 5, 13), (1, 24, 64, 25, 26), (3, 4, 70, 1, 9), (1, 5, 3, 40, 1), (1, 64, 128, 64, 60), (2, 36, 33, 6, 26), (2, 36, 33, 8, 52), (2, 36, 33, 32, 36), (1, 32, 100, 2, 2) })
        {
            using var inner = NewDisposeScope();
            Tensor x = Random(batch, inputs, height, width), weight = Random(outputs, inputs, 3, 3) / Math.Sqrt(9 * inputs), pointwise = Random(outputs, inputs, 1, 1), bias = Random(outputs);
            Tensor last = x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2), doubledWeight = weight.clone();
            foreach (Tensor image in new[] { x, last })
            {
                AssertNear(Convolution(x, weight, bias), PackedConvolution.Apply(image, weight, bias));
                AssertNear(Convolution(x, pointwise, bias), PackedConvolution.Apply(image, pointwise, bias));
                AssertNear(Convolution(x, pointwise, bias), PackedProduct.ApplyToPixels(image, pointwise, bias, null));
            }
            Tensor large = nn.functional.interpolate(x.to(ScalarType.Float64), scale_factor: [2, 2], mode: InterpolationMode.Nearest);
            AssertNear(Convolution(large, weight, bias), PackedConvolution.Apply(x, doubledWeight, bias, doubled: true));
        }
    }

    [Theory]
    [InlineData(1, 8, 2, 9, 9, 0)]
    [InlineData(2, 24, 3, 7, 20, 1)]
    [InlineData(1, 32, 32, 33, 5, -3)]
    [InlineData(1, 128, 32, 64, 64, 30)] // a mean far from 0
    public void Group_norm_and_silu_before_a_convolution(int batch, int channels, int groups, int height, int width, double mean)
    {
        Tensor x = Random(batch, channels, height, width) + mean, weight = Random(20, channels, 3, 3) / Math.Sqrt(9 * channels), pointwise = Random(20, channels, 1, 1) / Math.Sqrt(channels);
        Tensor normWeight = Random(channels), normBias = Random(channels), addend = Random(batch, 20, height, width);
        Tensor prepared = nn.functional.silu(nn.functional.group_norm(x.to(ScalarType.Float64), groups, normWeight.to(ScalarType.Float64), normBias.to(ScalarType.Float64), 1e-6));
        PackedConvolution.Preparation preparation = new(normWeight, normBias, groups, 1e-6);
        AssertNear(Convolution(prepared, pointwise, null), PackedConvolution.Apply(x, pointwise, null, preparation));
        Tensor expected = Convolution(prepared, weight, null) + addend, last = addend.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
        AssertNear(expected, PackedConvolution.Apply(x, weight, null, preparation, addend));
        AssertNear(expected, PackedConvolution.Apply(x, weight, null, preparation, last));
        AssertNear(expected, last); // it was overwritten
    }

    [Fact]
    public void Norms_and_positions_of_rows()
    {
        foreach (int head in new[] { 2, 6, 16, 63, 64 })
        {
            Tensor all = Random(2, 11, 3, 5, head), weight = Random(head), bias = Random(head);
            foreach (Tensor x in new[] { all, all.select(2, 1), all.select(2, 1).narrow(1, 3, 4), all.select(2, 0).select(2, 0), all.transpose(1, 3), all[0, 0, 0, 0] })
            {
                Tensor wide = x.to(ScalarType.Float64);
                AssertNear(nn.functional.layer_norm(wide, [head], weight.to(ScalarType.Float64), bias.to(ScalarType.Float64), 1e-5), RowKernels.LayerNorm(x, weight, bias, 1e-5));
                AssertNear(wide * (wide.pow(2).mean([-1], keepdim: true) + 1e-5).rsqrt() * weight, RowKernels.RmsNorm(x, weight, 1e-5));
            }
            if (head % 2 != 0)
                continue;
            using RotaryEmbedding rotary = RotaryEmbedding.Line(40, head, 10000, CPU);
            Tensor given = all.select(2, 1), own = rotary.Apply(given, 7);
            using var gradient = enable_grad();
            AssertNear(rotary.Apply(given, 7).to(ScalarType.Float64), own); // by libtorch
        }
    }

    [Theory]
    [InlineData(1, 1, 1, 1, 16)]
    [InlineData(2, 3, 5, 9, 16)]
    [InlineData(1, 2, 12, 33, 64)]
    [InlineData(2, 1, 25, 25, 20)]
    [InlineData(1, 2, 40, 70, 96)]
    public void Attention_of_all_tails(int batch, int heads, int queries, int keys, int head)
    {
        Tensor query = Random(batch, queries, heads, head).transpose(1, 2), key = Random(batch, heads, keys, head), value = Random(batch, keys, heads, head).transpose(1, 2);
        int[] visible = [.. Enumerable.Range(0, queries).Select(i => 1 + i * 7 % keys)];
        Tensor hidden = arange(keys).unsqueeze(0) >= tensor(visible).unsqueeze(1), prefix = zeros(queries, keys).masked_fill_(hidden, double.NegativeInfinity), mask = Random(1, 1, queries, keys);
        Tensor scores = query.to(ScalarType.Float64).matmul(key.to(ScalarType.Float64).transpose(-2, -1)) / Math.Sqrt(head), wide = value.to(ScalarType.Float64);
        AssertNear(softmax(scores, -1).matmul(wide), PackedAttention.Apply(query, key, value, null));
        AssertNear(softmax(scores + mask, -1).matmul(wide), PackedAttention.Apply(query, key, value, mask));
        AssertNear(softmax(scores + prefix, -1).matmul(wide), PackedAttention.Apply(query, key, value, null, visible));
        AssertNear(softmax(scores + prefix, -1).matmul(wide), PackedAttention.Apply(query, key, value, prefix));
        AssertNear(softmax(scores * 100, -1).matmul(wide), PackedAttention.Apply(query * 100, key, value, null), 5e-4); // one weight is nearly all
    }

    [Fact]
    public void Threads_run_every_part_once_and_pass_on_faults()
    {
        Parallel.For(0, 8, _ => // several callers at once
        {
            for (int repeat = 0; repeat < 200; repeat++)
            {
                int[] runs = new int[1 + repeat % 7];
                CpuThreads.Run(runs.Length, part => Interlocked.Increment(ref runs[part]));
                Assert.All(runs, run => Assert.Equal(1, run));
            }
        });
        Assert.Throws<InvalidOperationException>(() => CpuThreads.Run(50, part =>
        {
            if (part == 20)
                throw new InvalidOperationException();
        }));
    }

    private Tensor Random(params long[] shape) => randn(shape, dtype: ScalarType.Float32, generator: random);

    private static Tensor Product(Tensor x, Tensor weight, Tensor? bias) => nn.functional.linear(x.to(ScalarType.Float64), weight.to(ScalarType.Float64), bias?.to(ScalarType.Float64));

    private static Tensor Convolution(Tensor x, Tensor weight, Tensor? bias) =>
        nn.functional.conv2d(x.to(ScalarType.Float64), weight.to(ScalarType.Float64), bias?.to(ScalarType.Float64), padding: [weight.shape[2] / 2, weight.shape[2] / 2]);

    private static void AssertNear(Tensor expected, Tensor actual, double tolerance = 3e-5)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.Equal(ScalarType.Float32, actual.dtype);
        Assert.InRange((expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).abs().max().item<double>(), 0, tolerance);
    }
}
