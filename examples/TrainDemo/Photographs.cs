using System.Formats.Tar;
using Microsoft.ML.Data;
using ResTok.MLNet;

/// <summary>Photographs of webdataset shards (<c>set/class/name.jpg</c> in <c>*.tar</c>), made small and kept in memory.</summary>
internal sealed class Photographs
{
    private const int HeldOutOf = 33; // one of so many is never learned from: 3 %

    private readonly Dictionary<int, Photograph[]> byLabel;

    private Photographs(Photograph[] all)
    {
        Learned = [.. all.Where(photograph => !photograph.IsHeldOut)];
        HeldOut = [.. all.Where(photograph => photograph.IsHeldOut)];
        byLabel = Learned.GroupBy(photograph => photograph.Label).ToDictionary(group => group.Key, group => group.ToArray());
    }

    public Photograph[] Learned { get; }

    public Photograph[] HeldOut { get; }

    /// <param name="folder">Of the shards.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">It has no shards.</exception>
    /// <exception cref="InvalidDataException">A photograph cannot be read.</exception>
    public static Photographs Read(string folder)
    {
        string[] shards = [.. Directory.GetFiles(folder, "*.tar").Order(StringComparer.Ordinal)];
        if (shards.Length == 0)
            throw new FileNotFoundException($"There are no shards (*.tar) in {folder}.");
        var all = new Photographs([.. shards.AsParallel().AsOrdered().SelectMany(Shard)]);
        Console.WriteLine($"{all.Learned.Length} photographs to learn from, {all.HeldOut.Length} held out.");
        return all;
    }

    /// <summary>One of a class's photographs to learn from.</summary>
    public Photograph OfLabel(int label, int number) => byLabel[label][number % byLabel[label].Length];

    private static List<Photograph> Shard(string path)
    {
        var found = new List<Photograph>();
        using FileStream stream = File.OpenRead(path);
        using var reader = new TarReader(stream);
        while (reader.GetNextEntry() is { } entry)
        {
            if (!entry.Name.EndsWith(".jpg", StringComparison.Ordinal) || entry.DataStream is not { } data)
                continue;
            using var content = new MemoryStream();
            data.CopyTo(content);
            byte[] file = content.ToArray();
            using MLImage image = ResTokImages.Load(file);
            found.Add(new(entry.Name[..^4], file, Pixels(image, DrawingRow.Side), Pixels(image, Photograph.WideSide)));
        }
        return found;
    }

    private static byte[] Pixels(MLImage image, int side)
    {
        using MLImage small = ResTokImages.Fit(image, side);
        return small.Pixels.ToArray();
    }

    /// <param name="Name">Set, class and file, without the extension.</param>
    /// <param name="File">JPEG, of 128×128 mostly.</param>
    /// <param name="Pixels">RGBA of 64×64.</param>
    /// <param name="Wide">RGBA of 72×72, to cut from.</param>
    public sealed record Photograph(string Name, byte[] File, byte[] Pixels, byte[] Wide)
    {
        public const int WideSide = DrawingRow.Side * 9 / 8, FileSide = 2 * DrawingRow.Side;

        /// <summary>In <see cref="DemoClasses"/>; −1 for none.</summary>
        public int Label { get; } = DemoClasses.LabelOf(Name[..Name.LastIndexOf('/')]);

        // Of the name alone, so that it does not depend on the shards' order (FNV-1a).
        public bool IsHeldOut => Name.Aggregate(2166136261u, (hash, letter) => (hash ^ letter) * 16777619) % HeldOutOf == 0;

        /// <summary>RGBA of the square in its middle.</summary>
        /// <param name="side">Of the result.</param>
        public byte[] Square(int side)
        {
            using MLImage image = ResTokImages.Load(File);
            return Photographs.Pixels(image, side);
        }

        /// <summary>Some square of it, perhaps mirrored.</summary>
        public byte[] Cut(Random random)
        {
            const int Side = DrawingRow.Side;
            (byte[] source, int side) = random.Next(3) == 0 ? (Pixels, Side) : (Wide, WideSide);
            int left = random.Next(side - Side + 1), top = random.Next(side - Side + 1);
            bool isMirrored = random.Next(2) == 0;
            var result = new byte[4 * Side * Side];
            for (int y = 0; y < Side; y++)
            {
                ReadOnlySpan<byte> row = source.AsSpan(4 * ((top + y) * side + left), 4 * Side);
                if (!isMirrored)
                {
                    row.CopyTo(result.AsSpan(4 * y * Side));
                    continue;
                }
                for (int x = 0; x < Side; x++)
                    row.Slice(4 * x, 4).CopyTo(result.AsSpan(4 * (y * Side + Side - 1 - x)));
            }
            return result;
        }
    }
}
