using System.IO.Compression;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>
/// Sets of images and reference statistics as the official evaluators keep them: a zip of numpy arrays. <c>arr_0</c> are images, uint8
/// [N, H, W, 3]; <c>mu</c>, <c>sigma</c>, <c>mu_s</c> and <c>sigma_s</c> means and covariances of features.
/// </summary>
internal static class NpzFile
{
    public const string Images = "arr_0";

    /// <summary>Reads an array; null where the file has none of the name. The caller disposes it.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or no such file.</exception>
    public static Tensor? Read(string path, string name)
    {
        using ZipArchive zip = Open(path);
        if (zip.GetEntry(name + ".npy") is not { } entry)
            return null;
        using Stream stream = entry.Open();
        string source = $"{name} in {path}";
        return NpyArray.ReadHead(stream, source).ReadAll(stream, source);
    }

    /// <summary>Whether the file has images.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or no such file.</exception>
    public static bool HasImages(string path)
    {
        using ZipArchive zip = Open(path);
        return zip.GetEntry(Images + ".npy") is not null;
    }

    /// <summary>Reads the images batch by batch, each [B, 3, H, W] uint8, which is disposed before the next.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, has no images, or not uint8 [N, H, W, 3].</exception>
    public static IEnumerable<Tensor> ReadImages(string path, int batch)
    {
        using ZipArchive zip = Open(path);
        string source = $"{Images} in {path}";
        ZipArchiveEntry entry = zip.GetEntry(Images + ".npy") ?? throw new InvalidDataException($"{path} has no images: there is no {Images} in it.");
        using Stream stream = entry.Open();
        NpyArray array = NpyArray.ReadHead(stream, source);
        if (array.Type != ScalarType.Byte || array.Shape is not [_, _, _, 3])
            throw new InvalidDataException($"{source} is {array.Type} [{string.Join(", ", array.Shape)}], but images are uint8 [N, H, W, 3].");
        using Tensor? whole = array.IsFortranOrder ? array.ReadAll(stream, source) : null;
        for (long at = 0; at < array.Shape[0]; at += batch)
        {
            long[] shape = [Math.Min(batch, array.Shape[0] - at), .. array.Shape[1..]];
            using Tensor rows = whole?.narrow(0, at, shape[0]) ?? array.Read(stream, shape, source);
            using Tensor images = rows.permute(0, 3, 1, 2);
            yield return images;
        }
    }

    /// <summary>Writes images as <c>numpy.savez</c> does, one batch in memory at a time. A file of the name is replaced once all are written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="count">Images in all.</param>
    /// <param name="side">Height and width.</param>
    /// <param name="batches">uint8 [B, 3, H, W].</param>
    /// <exception cref="ArgumentException">There are more or fewer images, or others.</exception>
    public static void WriteImages(string path, long count, (long Height, long Width) side, IEnumerable<Tensor> batches) =>
        Checkpoints.AtomicFile.Write(path, file => WriteImages(file, count, side, batches));

    /// <summary>The same to a stream, which stays open.</summary>
    /// <exception cref="ArgumentException">There are more or fewer images, or others.</exception>
    public static void WriteImages(Stream file, long count, (long Height, long Width) side, IEnumerable<Tensor> batches)
    {
        using var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true);
        using Stream stream = Entry(zip).Open();
        NpyArray.WriteHead(stream, "|u1", $"({count}, {side.Height}, {side.Width}, 3)");
        long written = 0;
        foreach (Tensor batch in batches)
        {
            if (batch.dtype != ScalarType.Byte || !batch.shape[1..].SequenceEqual([3, side.Height, side.Width]))
                throw new ArgumentException($"Images must be uint8 [B, 3, {side.Height}, {side.Width}], not {batch.dtype} [{string.Join(", ", batch.shape)}].", nameof(batches));
            using Tensor rows = batch.permute(0, 2, 3, 1).contiguous();
            stream.Write(rows.bytes);
            written += batch.shape[0];
        }
        if (written != count)
            throw new ArgumentException($"{count} images were announced, and {written} came.", nameof(count));
    }

    /// <summary>Without the time of day: the same images give the same bytes.</summary>
    private static ZipArchiveEntry Entry(ZipArchive zip)
    {
        ZipArchiveEntry entry = zip.CreateEntry(Images + ".npy", CompressionLevel.NoCompression);
        entry.LastWriteTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
        return entry;
    }

    private static ZipArchive Open(string path)
    {
        try
        {
            return ZipFile.OpenRead(path);
        }
        catch (InvalidDataException fault)
        {
            throw new InvalidDataException($"{path} is no npz file, or cut short: {fault.Message}", fault);
        }
    }
}
