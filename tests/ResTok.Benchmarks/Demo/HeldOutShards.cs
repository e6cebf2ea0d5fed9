using System.Formats.Tar;
using System.Globalization;
using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using SkiaSharp;

namespace ResTok.Benchmarks.Demo;

/// <summary>The images that the demo model did not learn from, as webdataset shards for <c>restok evaluate</c>, with their labels where they have a class.</summary>
internal static class HeldOutShards
{
    private const int DrawingsOfClass = 20;

    /// <param name="folder">Gets <c>photographs.tar</c>, <c>photographs-of-classes.tar</c>, which are those of the generator's classes, <c>drawings.tar</c>, and a shard of each set.</param>
    /// <param name="photographs">All.</param>
    public static void Write(string folder, Photographs photographs)
    {
        Directory.CreateDirectory(folder);
        Photograph[] all = [.. photographs.HeldOut.Select(photograph => new Photograph(photograph.Name, photograph.Pixels, photograph.Label))];
        WriteShard(Path.Combine(folder, "photographs.tar"), all);
        WriteShard(Path.Combine(folder, "photographs-of-classes.tar"), all.Where(photograph => photograph.Label >= 0));
        foreach (var set in all.GroupBy(photograph => photograph.Name[..photograph.Name.IndexOf('/')]))
            WriteShard(Path.Combine(folder, $"{set.Key}.tar"), set);
        IDataView drawings = new DemoData(new MLContext(), null).HeldOut(0, DrawingsOfClass * Drawings.Classes.Count);
        var drawn = new List<Photograph>();
        foreach ((MLImage image, int label) in drawings.GetColumn<MLImage>("Image").Zip(drawings.GetColumn<int>("Label")))
        {
            using (image)
                drawn.Add(new(string.Create(CultureInfo.InvariantCulture, $"drawings/{Drawings.Classes[label]}/{drawn.Count:000}"), image.Pixels.ToArray(), label));
        }
        WriteShard(Path.Combine(folder, "drawings.tar"), drawn);
    }

    private static void WriteShard(string path, IEnumerable<Photograph> photographs)
    {
        using var tar = new TarWriter(File.Create(path));
        foreach (Photograph photograph in photographs)
        {
            Add(photograph.Name + ".png", Png(photograph.Rgba));
            if (photograph.Label >= 0)
                Add(photograph.Name + ".cls", Encoding.ASCII.GetBytes(photograph.Label.ToString(CultureInfo.InvariantCulture)));
        }

        void Add(string name, byte[] content) => tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
    }

    private static byte[] Png(byte[] rgba)
    {
        using SKImage image = SKImage.FromPixelCopy(new SKImageInfo(DrawingRow.Side, DrawingRow.Side, SKColorType.Rgba8888, SKAlphaType.Opaque), rgba);
        using SKData data = image.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    private sealed record Photograph(string Name, byte[] Rgba, int Label);
}
