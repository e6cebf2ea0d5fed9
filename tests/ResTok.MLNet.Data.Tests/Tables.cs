using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Tables;

namespace ResTok.MLNet.Data.Tests;

/// <summary>Token tables that tests make, in a folder that is removed with it.</summary>
public sealed class Tables : IDisposable
{
    public const int Tokens = 16, Codes = 64;

    public string Folder { get; } = Directory.CreateTempSubdirectory("restok-tables").FullName;

    public MLContext ML { get; } = new(seed: 1);

    public string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>Tokens of a row by its number.</summary>
    public static int[] Row(long number)
    {
        var random = new Random((int)number);
        return [.. Enumerable.Range(0, Tokens).Select(_ => random.Next(Codes))];
    }

    /// <summary>Writes rows numbered from <paramref name="first"/> on.</summary>
    internal string Write(string name, int first, int count, Func<int, int?>? label = null, int codes = Codes)
    {
        string path = PathOf(name);
        using FileStream stream = File.Create(path);
        using var writer = new TokenTableWriter(stream, Tokens, new() { Model = "tests", CodebookSize = codes });
        for (int i = first; i < first + count; i++)
            writer.Add($"image-{i}", label is null ? i % 5 : label(i), i % 2, Row(i));
        writer.Complete();
        return path;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    internal sealed class TableRow
    {
        public string Id { get; set; } = "";

        public int Label { get; set; }

        public int View { get; set; }

        [VectorType(Tables.Tokens)]
        public int[] Tokens { get; set; } = [];
    }
}
