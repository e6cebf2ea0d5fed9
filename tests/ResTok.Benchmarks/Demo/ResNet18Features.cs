using System.Runtime.InteropServices;
using ResTok.MLNet;
using ResTok.Models.Evaluation;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Demo;

/// <summary>
/// What a ResNet-18 sees in images: the means of its five layers in each quarter of the image, for what is where tells hand signs apart, and last those
/// of its Fréchet distance. Kept in files, for they take long.
/// </summary>
/// <param name="folder">For the files.</param>
internal sealed class ResNet18Features(string folder) : IDisposable
{
    /// <summary>Of an image: all, and among them, at the end, the last layer's over the whole image.</summary>
    public const int Count = 4 * (64 + 64 + 128 + 256 + Last) + Last, Last = ResNet18Network.Features;

    private const int Side = 224; // that the network was trained at
    private const int Batch = 4; // more are slower: their maps do not stay in caches

    private readonly ResNet18Network network = new EvaluationWeights().LoadResNet18(CPU)
        ?? throw new FileNotFoundException($"The judge needs {EvaluationWeights.WantedResNet18}.");

    /// <summary>Of each image.</summary>
    /// <param name="name">Of the set. A file of this name and of as many images is taken to hold it.</param>
    /// <param name="images">RGBA, squares of one size.</param>
    public float[][] Of(string name, byte[][] images) => Of(name, images, image => image, View.AsIs);

    /// <summary>Of a view of each image.</summary>
    /// <param name="name">Of the set. A file of this name and of as many images is taken to hold it.</param>
    /// <param name="images">Whatever they are.</param>
    /// <param name="read">Makes RGBA of one, squares of one size.</param>
    /// <param name="view">How they are seen.</param>
    public float[][] Of<T>(string name, T[] images, Func<T, byte[]> read, View view)
    {
        string path = Path.Combine(folder, $"{name.Replace(' ', '-')}-{images.Length}.bin");
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(folder);
            File.WriteAllBytes(path + ".tmp", [.. images.Chunk(Batch).SelectMany(batch => MemoryMarshal.AsBytes(Compute([.. batch.Select(read)], view).AsSpan()).ToArray())]);
            File.Move(path + ".tmp", path);
        }
        return [.. MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(path)).ToArray().Chunk(Count)];
    }

    /// <summary>The ResNet-18 Fréchet distance of two sets.</summary>
    public static double Distance(float[][] some, float[][] others)
    {
        using FeatureSet first = Set(some), second = Set(others);
        return first.DistanceTo(second)!.Value;

        static FeatureSet Set(float[][] features)
        {
            using var scope = NewDisposeScope();
            var set = new FeatureSet(Last, keepsRows: false);
            set.Add(tensor(features.SelectMany(one => one[^Last..]).ToArray(), [features.Length, Last]));
            return set;
        }
    }

    /// <returns>[B, 3, S, S] in [0, 1].</returns>
    public static Tensor Floats(byte[][] rgba)
    {
        long side = (long)Math.Sqrt(rgba[0].Length / 4);
        return tensor(rgba.SelectMany(image => image).ToArray(), [rgba.Length, side, side, 4], dtype: ScalarType.Byte)[.., .., .., ..3].permute(0, 3, 1, 2).to(ScalarType.Float32) / 255;
    }

    /// <summary>8 bits, rounded, of each image.</summary>
    /// <param name="images">[B, 3, 64, 64] in [0, 1] or beyond.</param>
    public static byte[][] Rgba(Tensor images) => [.. ResTokImages.Rgba(images).Chunk(4 * DrawingRow.Side * DrawingRow.Side)];

    public void Dispose() => network.Dispose();

    private float[] Compute(byte[][] images, View view)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor large = nn.functional.interpolate(view.Of(Floats(images)), [Side, Side], mode: InterpolationMode.Bilinear, align_corners: false, antialias: true);
        Tensor[] maps = network.Maps(large);
        return cat([.. maps.Select(map => nn.functional.adaptive_avg_pool2d(map, [2, 2]).flatten(1)), maps[^1].mean([2, 3])], 1).contiguous().data<float>().ToArray();
    }
}
