using System.Text.Json;
using ResTok.Models.Checkpoints;
using SkiaSharp;
using TorchSharp;

namespace ResTok.Tool.Evaluation;

/// <summary>An image beside its reconstruction, or a generated one.</summary>
/// <param name="Position">Of the image in the data set, or the number of the sample.</param>
/// <param name="Id">What it is called.</param>
/// <param name="Score">The distance; of generated images 0.</param>
/// <param name="Images">PNG files.</param>
internal sealed record GalleryEntry(long Position, string Id, double Score, byte[][] Images);

/// <summary>The images of a page: reconstructions with the least and the largest distances, and the first generated images.</summary>
internal sealed class Gallery
{
    private const int Most = 12;

    public List<GalleryEntry> Best { get; init; } = [];

    public List<GalleryEntry> Worst { get; init; } = [];

    public List<GalleryEntry> Generated { get; init; } = [];

    /// <summary>Whether a reconstruction belongs on the page, which costs its encoding.</summary>
    public bool Wants(double score) => Best.Count < Most || score < Best[^1].Score || score > Worst[^1].Score;

    public void AddReconstruction(GalleryEntry entry)
    {
        Keep(Best, Best.Append(entry).OrderBy(other => other.Score).ThenBy(other => other.Position));
        Keep(Worst, Worst.Append(entry).OrderByDescending(other => other.Score).ThenBy(other => other.Position));
    }

    public bool WantsGenerated(long sample) => sample < Most;

    public void AddGenerated(GalleryEntry entry) => Keep(Generated, Generated.Append(entry).OrderBy(other => other.Position));

    public void Add(Gallery other)
    {
        foreach (GalleryEntry entry in other.Best.Concat(other.Worst).DistinctBy(entry => entry.Position))
            AddReconstruction(entry);
        foreach (GalleryEntry entry in other.Generated)
            AddGenerated(entry);
    }

    public void Write(string path) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, this));

    public static Gallery Read(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return JsonSerializer.Deserialize<Gallery>(stream)!;
    }

    /// <summary>An image as a PNG file.</summary>
    /// <param name="image">[3, H, W] in [0, 1].</param>
    public static byte[] Png(torch.Tensor image)
    {
        using var scope = torch.NewDisposeScope();
        byte[] rgba = MLNet.ResTokImages.Rgba(image.unsqueeze(0));
        using var bitmap = new SKBitmap(new SKImageInfo((int)image.shape[2], (int)image.shape[1], SKColorType.Rgba8888, SKAlphaType.Opaque));
        System.Runtime.InteropServices.Marshal.Copy(rgba, 0, bitmap.GetPixels(), rgba.Length);
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    private static void Keep(List<GalleryEntry> list, IEnumerable<GalleryEntry> sorted)
    {
        GalleryEntry[] first = [.. sorted.Take(Most)];
        list.Clear();
        list.AddRange(first);
    }
}
