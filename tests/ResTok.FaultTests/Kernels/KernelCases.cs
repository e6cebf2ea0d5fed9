using ResTok.Models;
using ResTok.Models.Layers;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace ResTok.FaultTests.Kernels;

/// <summary>The kernels that this library calls, at the shapes of its configurations from the tiny one to generators of 7 billion parameters.</summary>
internal static class KernelCases
{
    private static readonly ScalarType[] Types = [ScalarType.Float32, ScalarType.BFloat16];

    /// <summary>Those that went wrong in the past come first, so that the shortest run has them.</summary>
    public static List<KernelCase> All() => [.. Known(), .. Products(), .. Convolutions(), .. Attentions(), .. Others()];

    public static int KnownCount => Known().Count();

    private static IEnumerable<KernelCase> Known()
    {
        foreach (ScalarType type in Types)
        {
            yield return Product(type, 384, 64, 1024, hasBias: false);
            yield return Convolution(type, [2, 16, 16, 16], 12, kernel: 3, channelsLast: false, withGradients: true);
            yield return Convolution(type, [2, 32, 16, 16], 12, kernel: 3, channelsLast: false, withGradients: true);
            yield return Convolution(type, [1, 16, 16, 16], 3, kernel: 3, channelsLast: false, withGradients: false);
            yield return Product(type, 512, 1024, 4096, hasBias: true);
            yield return Product(type, 512, 96, 512, hasBias: true);
            yield return Convolution(type, [1, 1536, 8, 8], 32, kernel: 1, channelsLast: false, withGradients: false);
        }
    }

    private static IEnumerable<KernelCase> Products()
    {
        // The tokenizer: width, three widths and back, four widths and back, latents of 8, codebooks; the generator: its own widths.
        var pairs = new List<(long Inputs, long Outputs)>();
        foreach (long width in new long[] { 64, 192, 512, 768, 1024 })
            pairs.AddRange([(width, 3 * width), (width, width), (width, 4 * width), (4 * width, width), (width, 8), (8, width), (256, width), (width, 256)]);
        pairs.AddRange([(8, 512), (8, 1024), (8, 8192), (8, 16384), (96, 512), (768, 1152)]);
        foreach (GeneratorSize size in Enum.GetValues<GeneratorSize>())
        {
            GeneratorConfig config = GeneratorConfig.Of(size);
            pairs.AddRange([(config.Width, 3L * config.Width), (config.Width, config.FfnWidth), (config.FfnWidth, config.Width), (config.Width, config.CodebookSize)]);
        }
        long[] rows = [1, 2, 3, 4, 5, 6, 7, 8, 12, 15, 16, 17, 31, 32, 63, 64, 65, 127, 128, 129, 255, 256, 257, 384, 512, 520, 608, 1024];
        foreach ((long inputs, long outputs) in pairs.Distinct())
        {
            foreach (ScalarType type in Types)
            {
                foreach (long row in rows.Where(row => row * inputs * outputs <= 2L << 30))
                    yield return Product(type, row, inputs, outputs, hasBias: row % 2 == 0);
                if (inputs <= 1024)
                    yield return new($"linear with gradients {384}×{inputs}→{outputs}", type, [[384, inputs], [outputs, inputs], [outputs]], x => linear(x[0], x[1], x[2]), WithGradients: true);
            }
        }
    }

    private static KernelCase Product(ScalarType type, long rows, long inputs, long outputs, bool hasBias) => new(
        $"product {rows}×{inputs}→{outputs}{(hasBias ? " + b" : "")}", type, hasBias ? [[rows, inputs], [outputs, inputs], [outputs]] : [[rows, inputs], [outputs, inputs]],
        x => Models.Layers.Kernels.CpuLinear.Apply(x[0], x[1], hasBias ? x[2] : null));

    private static IEnumerable<KernelCase> Convolutions()
    {
        long[] channels = [1, 2, 3, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512];
        foreach (long inputs in channels)
        {
            foreach (long outputs in channels)
            {
                foreach (int side in inputs * outputs <= 64 * 64 ? [5, 16, 64] : new[] { 4, 16 })
                {
                    foreach (ScalarType type in Types)
                    {
                        foreach (int kernel in new[] { 1, 3 })
                        {
                            bool last = (inputs + outputs + side) / 4 % 2 == 0;
                            yield return Convolution(type, [1, inputs, side, side], outputs, kernel, last, withGradients: false);
                            yield return Convolution(type, [2, inputs, side, side], outputs, kernel, !last, withGradients: true);
                        }
                    }
                }
            }
        }
        foreach (ScalarType type in Types)
        {
            foreach (bool last in new[] { false, true })
            {
                yield return Convolution(type, [1, 128, 256, 256], 128, kernel: 3, last, withGradients: false);
                yield return Convolution(type, [1, 128, 256, 256], 3, kernel: 3, last, withGradients: false);
                yield return Convolution(type, [1, 3, 256, 256], 128, kernel: 3, last, withGradients: false);
            }
            foreach (long patch in new[] { 8, 14, 16 })
                yield return new($"patches of {patch}", type, [[2, 3, 4 * patch, 4 * patch], [192, 3, patch, patch], [192]], x => conv2d(x[0], x[1], x[2], [patch, patch]), WithGradients: true);
            yield return new("blur", type, [[2, 64, 34, 34], [64, 1, 4, 4]], x => conv2d(x[0], x[1], null, [2, 2], groups: 64), WithGradients: true);
            yield return new("convolution 5×5", type, [[2, 3, 32, 32], [64, 3, 5, 5], [64]], x => conv2d(x[0], x[1], x[2]), WithGradients: true);
            foreach (long kernel in new[] { 1, 9 })
                yield return new($"convolution over {kernel} tokens", type, [[4, 384, 64 + kernel], [384, 384, kernel], [384]], x => conv1d(x[0], x[1], x[2]), WithGradients: true);
        }
    }

    private static KernelCase Convolution(ScalarType type, long[] input, long outputs, int kernel, bool channelsLast, bool withGradients) => new(
        $"convolution {kernel}×{kernel} [{string.Join(", ", input)}]→{outputs}{(channelsLast ? ", channels last" : "")}{(withGradients ? ", with gradients" : "")}",
        type, [input, [outputs, input[1], kernel, kernel], [outputs]],
        x => conv2d(channelsLast ? x[0].permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) : x[0], x[1], x[2], padding: [kernel / 2, kernel / 2]), withGradients);

    private static IEnumerable<KernelCase> Attentions()
    {
        foreach (ScalarType type in Types)
        {
            foreach ((long heads, long head) in new[] { (4L, 16L), (3, 64), (8, 64), (16, 64), (20, 64), (32, 100), (32, 128) })
            {
                foreach ((long queries, long keys) in new[] { (1L, 1L), (1, 17), (2, 130), (16, 48), (64, 128), (128, 384), (384, 384), (520, 520) })
                {
                    foreach (bool hasMask in new[] { false, true })
                    {
                        long[][] shapes = [[2, heads, queries, head], [2, heads, keys, head], [2, heads, keys, head], .. hasMask ? new long[][] { [queries, keys] } : []];
                        string name = $"attention of {heads}×{head}, {queries} to {keys}{(hasMask ? ", masked" : "")}";
                        yield return new(name, type, shapes, x => scaled_dot_product_attention(x[0] * 8, x[1] * 8, x[2], hasMask ? x[3] : null));
                        if (keys > 1) // of one key the gradients are zero, and what is found is rounding
                            yield return new(name + ", with gradients", type, shapes[..3], x => scaled_dot_product_attention(x[0], x[1], x[2]), WithGradients: true);
                        if (hasMask)
                            continue;
                        yield return new($"{name}, by products", type, shapes, x => matmul(softmax(matmul(x[0] * 8, x[1].transpose(-2, -1) * 8), -1), x[2]));
                    }
                }
            }
        }
    }

    private static IEnumerable<KernelCase> Others()
    {
        foreach (ScalarType type in Types)
        {
            foreach (long width in new long[] { 16, 64, 192, 512, 768, 1024, 3200, 4096 })
            {
                foreach (long rows in new long[] { 1, 7, 384 })
                    yield return new($"layer norm of {rows}×{width}", type, [[rows, width], [width], [width]], x => layer_norm(x[0], [width], x[1], x[2], 1e-5), WithGradients: true);
                yield return new($"SiLU in place of {width}", type, [[33, width]], x => silu(x[0].clone(), inplace: true));
                yield return new($"GELU in place of {width}", type, [[33, width]], x => gelu(x[0].clone(), inplace: true));
                yield return new($"SiLU and GELU of {width}", type, [[33, width]], x => silu(x[0]) * gelu(x[0]), WithGradients: true);
                yield return new($"softmax of {width}", type, [[33, width]], x => softmax(x[0] * 30, -1), WithGradients: true);
                yield return new($"log softmax of {width}", type, [[33, width]], x => log_softmax(x[0], -1), WithGradients: true);
                yield return new($"embedding of {width}", type, [[100, width]], x => x[0].index_select(0, arange(3, 90)), WithGradients: true);
            }
            foreach ((long channels, long groups) in new[] { (16L, 1L), (32, 32), (64, 32), (128, 32), (256, 32), (512, 32) })
            {
                foreach (long side in new long[] { 4, 16, 64 })
                    yield return new($"group norm of {channels} in {groups} at {side}²", type, [[2, channels, side, side], [channels], [channels]], x => group_norm(x[0], groups, x[1], x[2], 1e-6), WithGradients: true);
            }
            yield return new("halving", type, [[2, 64, 32, 32]], x => avg_pool2d(x[0], 2, 2), WithGradients: true);
            yield return new("pooling", type, [[2, 64, 16, 16]], x => adaptive_avg_pool2d(x[0], [4, 8]), WithGradients: true);
            yield return new("doubling", type, [[2, 64, 16, 16]], x => interpolate(x[0], scale_factor: [2, 2], mode: InterpolationMode.Nearest), WithGradients: true);
            yield return new("largest of 2×2", type, [[2, 64, 16, 16]], x => max_pool2d(x[0], 2, 2), WithGradients: true);
            yield return new("sums and means", type, [[64, 1000]], x => x[0].pow(2).sum(-1) * x[0].abs().mean([-1]), WithGradients: true);
        }
    }
}
