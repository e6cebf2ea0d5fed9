using Microsoft.ML.Data;

namespace ResTok.Benchmarks.Demo;

/// <summary>Images for people to look at.</summary>
internal static class ReaderSheets
{
    private const int Asked = 60, OfRow = 6, Enlarged = 3;

    /// <summary>
    /// Reconstructions in a random order, numbered, for a reader who knows only the classes' names: <c>sheet-01.png</c> … and <c>classes.txt</c>.
    /// What they are is written elsewhere: <c>key.txt</c>, and the same sheets of the photographs themselves.
    /// </summary>
    public static void Write(string folder, string keyFolder, Photographs.Photograph[] photographs, byte[][] rebuilt, IReadOnlyList<string> names)
    {
        Directory.CreateDirectory(folder);
        Directory.CreateDirectory(keyFolder);
        int[] order = [.. Enumerable.Range(0, photographs.Length)];
        new Random(27).Shuffle(order);
        order = order[..Math.Min(Asked, order.Length)];
        for (int start = 0; start < order.Length; start += OfRow)
        {
            int[] row = order[start..Math.Min(start + OfRow, order.Length)], numbers = [.. Enumerable.Range(start + 1, row.Length)];
            WriteRows(Path.Combine(folder, $"sheet-{start / OfRow + 1:00}.png"), [[.. row.Select(i => rebuilt[i])]], numbers: numbers);
            WriteRows(Path.Combine(keyFolder, $"photographs-{start / OfRow + 1:00}.png"), [[.. row.Select(i => photographs[i].Pixels)]], numbers: numbers);
        }
        File.WriteAllLines(Path.Combine(keyFolder, "key.txt"), order.Select((i, place) => $"{place + 1}\t{names[photographs[i].Label]}\t{photographs[i].Name}"));
        File.WriteAllLines(Path.Combine(folder, "classes.txt"), photographs.Select(photograph => names[photograph.Label]).Distinct().Order(StringComparer.Ordinal));
    }

    /// <param name="path">A PNG.</param>
    /// <param name="rows">RGBA of 64×64.</param>
    /// <param name="numbered">Whether rows have numbers, from 0.</param>
    /// <param name="numbers">Above the columns, or null.</param>
    public static void WriteRows(string path, IReadOnlyList<byte[][]> rows, bool numbered = false, int[]? numbers = null)
    {
        MLImage[][] images = [.. rows.Select(row => row.Select(rgba => MLImage.CreateFromPixels(DrawingRow.Side, DrawingRow.Side, MLPixelFormat.Rgba32, rgba)).ToArray())];
        PictureGrid.Save(path, images, numbers?.Cast<int?>().ToArray(), numbered ? [.. Enumerable.Range(0, rows.Count).Select(row => (int?)row)] : null, leastSide: Enlarged * DrawingRow.Side);
        foreach (MLImage image in images.SelectMany(row => row))
            image.Dispose();
    }
}
