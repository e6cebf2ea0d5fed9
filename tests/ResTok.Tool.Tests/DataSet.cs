using System.Formats.Tar;
using ParquetSharp;
using SkiaSharp;

namespace ResTok.Tool.Tests;

/// <summary>Small data sets that tests make, in a folder that is removed with it.</summary>
public sealed class DataSet : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("restok-tool").FullName;

    public string PathOf(params string[] parts) => Path.Combine([Folder, .. parts]);

    /// <summary>An image's file, of its own for each number.</summary>
    public static byte[] Image(int number, SKEncodedImageFormat format = SKEncodedImageFormat.Jpeg)
    {
        var random = new Random(number);
        using var bitmap = new SKBitmap(60 + random.Next(60), 60 + random.Next(60));
        using var canvas = new SKCanvas(bitmap);
        using var paint = new SKPaint();
        for (int i = 0; i < 12; i++)
        {
            paint.Color = new((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256));
            canvas.DrawRect(random.Next(100), random.Next(100), random.Next(60), random.Next(60), paint);
        }
        using SKData data = bitmap.Encode(format, 90);
        return data.ToArray();
    }

    /// <summary>Class folders with images numbered through.</summary>
    public string Classes(string name, params (string Class, int Count)[] classes)
    {
        int number = 0;
        foreach ((string label, int count) in classes)
        {
            Directory.CreateDirectory(PathOf(name, label));
            for (int i = 0; i < count; i++, number++)
                File.WriteAllBytes(PathOf(name, label, $"{number:0000}.jpg"), Image(number));
        }
        return PathOf(name);
    }

    /// <summary>A webdataset shard of images, labels in .cls or .json in turns.</summary>
    public string Tar(string name, int first, int count)
    {
        using FileStream file = File.Create(PathOf(name));
        using var tar = new TarWriter(file, TarEntryFormat.Ustar);
        for (int i = first; i < first + count; i++)
        {
            Add($"{i:0000}.jpg", Image(i));
            if (i % 2 == 0)
                Add($"{i:0000}.cls", $"{i % 11}".ToUtf8());
            else
                Add($"{i:0000}.json", $"{{\"label\": {i % 11}, \"caption\": \"x\"}}".ToUtf8());
        }
        return PathOf(name);

        void Add(string entry, byte[] content) => tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, entry) { DataStream = new MemoryStream(content) });
    }

    /// <summary>A Parquet file of images.</summary>
    public string Parquet(string name, int first, int count)
    {
        using var file = new ParquetFileWriter(PathOf(name), [new Column<string>("id"), new Column<int>("label"), new Column<byte[]>("image")]);
        using (RowGroupWriter rows = file.AppendRowGroup())
        {
            int[] numbers = [.. Enumerable.Range(first, count)];
            using (LogicalColumnWriter<string> ids = rows.NextColumn().LogicalWriter<string>())
                ids.WriteBatch([.. numbers.Select(i => $"{i:0000}")]);
            using (LogicalColumnWriter<int> labels = rows.NextColumn().LogicalWriter<int>())
                labels.WriteBatch([.. numbers.Select(i => i % 11)]);
            using (LogicalColumnWriter<byte[]> images = rows.NextColumn().LogicalWriter<byte[]>())
                images.WriteBatch([.. numbers.Select(i => Image(i))]);
        }
        file.Close();
        return PathOf(name);
    }

    public void Dispose()
    {
        for (int tries = 20; ; tries--)
        {
            try
            {
                Directory.Delete(Folder, recursive: true);
                return;
            }
            catch (IOException) when (tries > 0) // a program that was told to end still writes
            {
                Thread.Sleep(250);
            }
        }
    }
}

internal static class Texts
{
    public static byte[] ToUtf8(this string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
