using System.Text;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Parity;

/// <summary>The golden sets' weights and images, which anyone can regenerate bit for bit (Data/golden/README.md).</summary>
internal sealed class Recipe(string salt) : IParameterSource
{
    private const int Chunk = 1 << 20;

    public Tensor Get(string name, long[] shape, Initializer initializer) => Weights(name, shape);

    public Tensor Weights(string name, long[] shape)
    {
        ulong seed = Fnv1a(salt + name);
        (float scale, float offset) = shape.Length >= 2
            ? ((float)Math.Sqrt(3.0 / shape[1..].Aggregate(1L, (product, size) => product * size)), 0f)
            : name.EndsWith(".running_var", StringComparison.Ordinal) ? (0.1f, 0.5f)
            : name.EndsWith(".weight", StringComparison.Ordinal) || name.Contains("gamma", StringComparison.Ordinal) ? (0.1f, 1f) : (0.02f, 0f);
        Tensor result = empty(shape, dtype: ScalarType.Float32);
        long count = result.numel();
        var values = new float[count];
        Parallel.For(0, (count + Chunk - 1) / Chunk, chunk =>
        {
            for (long i = chunk * Chunk, end = Math.Min(count, i + Chunk); i < end; i++)
                values[i] = offset + scale * Uniform(seed + (ulong)(i + 1) * 0x9E3779B97F4A7C15);
        });
        result.bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan());
        return result;
    }

    /// <summary>The "smooth" test images, [B, 3, S, S] in [0, 1].</summary>
    public static Tensor Images(int batch, int side) => cat([.. Enumerable.Range(0, batch).Select(b => Smooth(b, side, side))]);

    /// <summary>One "smooth" test image, [1, 3, H, W] in [0, 1].</summary>
    public static Tensor Smooth(int b, int height, int width)
    {
        var values = new float[1, 3, height, width];
        for (int c = 0; c < 3; c++)
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++)
                    values[0, c, y, x] = (float)(0.5 + 0.5 * Math.Sin((c + 1) * 0.05 * x + (b + 1) * 0.03 * y + c));
        return tensor(values);
    }

    /// <summary>The recipe's values before any scaling, in [−1, 1).</summary>
    public Tensor Uniform(string name, params long[] shape)
    {
        ulong seed = Fnv1a(salt + name);
        return tensor(Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(i => Uniform(seed + (ulong)(i + 1) * 0x9E3779B97F4A7C15)).ToArray()).view(shape);
    }

    private static float Uniform(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        z ^= z >> 31;
        return (2 * (long)(z >> 40) - (1 << 24)) / (float)(1 << 24);
    }

    private static ulong Fnv1a(string text) =>
        Encoding.UTF8.GetBytes(text).Aggregate(0xcbf29ce484222325, (hash, value) => (hash ^ value) * 0x100000001b3);
}
