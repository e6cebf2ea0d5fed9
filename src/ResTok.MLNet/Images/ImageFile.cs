using System.Runtime.CompilerServices;
using Microsoft.ML.Data;

namespace ResTok.MLNet.Images;

/// <summary>Image files, and what can be known of an image that another stage read from one.</summary>
internal static class ImageFile
{
    /// <summary>The limit of the Python imaging library.</summary>
    public const long MostPixels = 178_956_970;

    /// <summary>Images whose files were found whole; copies of them are put in too.</summary>
    private static readonly ConditionalWeakTable<MLImage, object> Whole = [];

    /// <summary>Reads a file. A pipe or a device is not waited for.</summary>
    /// <exception cref="InvalidDataException">It is a folder or empty.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] Read(string path)
    {
        if (Directory.Exists(path))
            throw new InvalidDataException($"'{path}' is a folder and no image file.");
        var file = new FileInfo(path);
        file = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
        if (file.Exists && file.Length == 0) // so a pipe says too
            throw new InvalidDataException($"'{path}' is empty, or no file but a pipe or a device.");
        return File.ReadAllBytes(path);
    }

    /// <exception cref="InvalidDataException">It is no image that can be read whole.</exception>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static DecodedImage Decode(string path, long mostPixels, bool followOrientation) =>
        DecodedImage.Decode(Read(path), $"'{path}'", mostPixels, followOrientation);

    /// <summary>
    /// Looks whether an image can be used: LoadImages gives what it could decode of a file that is cut short, in the rest black, and names
    /// the file in the image's tag.
    /// </summary>
    /// <exception cref="InvalidDataException">Its file is cut short or damaged.</exception>
    /// <exception cref="InvalidOperationException">It was disposed.</exception>
    public static void Check(MLImage image)
    {
        if (Whole.TryGetValue(image, out _))
            return;
        if (image.Tag is { Length: > 0 } path && File.Exists(path) && IsImage(path))
            Decode(path, long.MaxValue, followOrientation: false).Dispose();
        MarkWhole(image);
    }

    public static void MarkWhole(MLImage image) => Whole.TryAdd(image, Whole);

    /// <summary>An image's copy, which the caller disposes.</summary>
    public static MLImage Copy(MLImage image)
    {
        MLImage copy = MLImage.CreateFromPixels(image.Width, image.Height, image.PixelFormat, image.Pixels);
        if (image.Tag is { } tag)
            copy.Tag = tag;
        if (Whole.TryGetValue(image, out _))
            MarkWhole(copy);
        return copy;
    }

    /// <summary>
    /// The file's own pixels, where an image with transparent ones is that file, blended with black as LoadImages reads it; else null.
    /// </summary>
    public static DecodedImage? Original(MLImage image)
    {
        if (image.Tag is not { Length: > 0 } path || !File.Exists(path))
            return null;
        DecodedImage? original = null;
        try
        {
            original = Decode(path, long.MaxValue, followOrientation: false);
            if (original.Width == image.Width && original.Height == image.Height && IsBlended(image, original.Pixels))
                return original;
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            // The image is not of this file.
        }
        original?.Dispose();
        return null;
    }

    private static bool IsImage(string path)
    {
        // A user's own tag may name any file.
        try
        {
            using FileStream stream = File.OpenRead(path);
            Span<byte> start = stackalloc byte[64];
            return ImageFormat.Of(start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)]) is { IsReadable: true };
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool IsBlended(MLImage image, ReadOnlySpan<byte> original)
    {
        ReadOnlySpan<byte> pixels = image.Pixels;
        (int red, int blue) = image.PixelFormat == MLPixelFormat.Rgba32 ? (0, 2) : (2, 0);
        for (int i = 0; i < pixels.Length; i += 4)
        {
            int alpha = pixels[i + 3];
            if (Differs(alpha, pixels[i + red], original[i]) || Differs(alpha, pixels[i + 1], original[i + 1]) || Differs(alpha, pixels[i + blue], original[i + 2]))
                return false;
        }
        return true;

        static bool Differs(int alpha, int blended, int own) => Math.Abs(255 * blended - alpha * own) > 255;
    }
}
