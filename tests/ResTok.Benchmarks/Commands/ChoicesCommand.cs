using ResTok.Benchmarks.Measuring;
using ResTok.Models.Layers;
using ResTok.Models.Layers.Kernels;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Commands;

/// <summary>What every choice of kernel gains over the plain operation on this machine, on shapes of the official models.</summary>
internal sealed class ChoicesCommand(BenchmarkSettings settings)
{
    private readonly MarkdownTable table = new($"kernel, rounds: {settings.Rounds}", "shape", "plain ms", "kernel ms", "plain / kernel");

    public void Run()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        foreach ((int rows, int inputs, int outputs) in new[] { (1, 1024, 3072), (2, 1024, 8192), (8, 1024, 2816), (16, 1024, 3072), (128, 1024, 3072), (384, 1024, 4096), (384, 4096, 1024), (3072, 1024, 4096) })
        {
            Tensor x = randn(rows, inputs), weight = randn(outputs, inputs), bias = randn(outputs);
            Measure(nameof(PackedProduct), $"{rows}×{inputs} → {outputs}", () => nn.functional.linear(x, weight, bias), () => PackedProduct.Apply(x, weight, bias));
        }
        foreach ((int channels, int side) in new[] { (128, 256), (128, 128), (256, 64), (512, 16) })
        {
            Tensor x = randn(1, side, side, channels).permute(0, 3, 1, 2), weight = randn(channels, channels, 3, 3), norm = ones(channels), zero = zeros(channels);
            Measure(nameof(PackedConvolution), $"group norm, SiLU, 3×3 {channels}×{side}×{side}", () => nn.functional.conv2d(nn.functional.silu(nn.functional.group_norm(x, 32, norm, zero, 1e-6)), weight, padding: [1, 1]),
                () => PackedConvolution.Apply(x, weight, null, new(norm, zero, 32, 1e-6)));
        }
        foreach (int tokens in new[] { 64, 384, 608 })
        {
            Tensor query = randn(1, 16, tokens, 64), key = randn(1, 16, tokens, 64), value = randn(1, 16, tokens, 64);
            Measure(nameof(PackedAttention), $"float32, 16 heads, {tokens} tokens", () => nn.functional.scaled_dot_product_attention(query, key, value), () => PackedAttention.Apply(query, key, value, null));
        }
        foreach ((int queries, int keys) in new[] { (1, 4), (2, 64), (64, 128), (384, 384) })
        {
            Tensor query = randn(2, 16, queries, 64).to(ScalarType.BFloat16), key = randn(2, 16, keys, 64).to(ScalarType.BFloat16), value = randn_like(key);
            Measure(nameof(CpuAttention), $"bfloat16, 2×16 heads, {queries} × {keys}",
                () => nn.functional.scaled_dot_product_attention(query, key, value), () => ScaledDotProduct.Products(query, key, value, null));
        }
        Tensor images = randn(4, 128, 256, 256), kernel = randn(128, 128, 3, 3);
        Measure(nameof(ImageChunks), "4×128×256×256, 3×3 → 128", () => nn.functional.conv2d(images, kernel, padding: [1, 1]),
            () => ImageChunks.Run(images, 256, chunk => nn.functional.conv2d(chunk, kernel, padding: [1, 1])));
        Measure(nameof(InPlace), "SiLU of 4×128×256×256", () => nn.functional.silu(images), () => InPlace.Silu(images.alias()));
        table.Print();
    }

    private void Measure(string name, string shape, Func<Tensor> plain, Func<Tensor> kernel)
    {
        Samples before = new(), after = new();
        for (int round = 0; round < settings.Rounds; round++)
        {
            before.Time(() => plain().Dispose());
            after.Time(() => kernel().Dispose());
        }
        table.Add([name, shape, $"{1000 * before.Median:0.000}", $"{1000 * after.Median:0.000}", $"{before.Over(after):0.00}"]);
    }
}
