using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.Data;
using ResTok.MLNet.Encoding;
using ResTok.MLNet.Images;
using TorchSharp;

namespace ResTok.MLNet;

/// <summary>Images as the tokenizer sees and makes them.</summary>
public static class ResTokImages
{
    private const int MostPixels = int.MaxValue / 4; // MLImage hands them out as one span of bytes
    private const int LargestSide = 23_170; // of a square of at most that many

    /// <summary>Makes the square image that <see cref="ResTokCatalog.ResTokEncode"/> would encode.</summary>
    /// <param name="image">
    /// Any size, either pixel order. Transparency is dropped, as the reference does: a pixel counts with its red, green and blue. ML.NET
    /// blends those of the files that it decodes with black; of what LoadImages read, the file's own are used.
    /// </param>
    /// <param name="size">The square's side in pixels, 1 to 23,170.</param>
    /// <param name="resize">How to get there.</param>
    /// <returns>A new image, Rgba32, which the caller disposes.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="size"/> or <paramref name="resize"/> is out of range.</exception>
    /// <exception cref="ArgumentException">The image is too large, or it has another size and <paramref name="resize"/> is <see cref="ResTokResize.Exact"/>.</exception>
    public static MLImage Fit(MLImage image, int size, ResTokResize resize = ResTokResize.ShorterEdgeCrop)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (size is < 1 or > LargestSide)
            throw new ArgumentOutOfRangeException(nameof(size), size, $"The square's side must be from 1 to {LargestSide} pixels.");
        if (!Enum.IsDefined(resize))
            throw new ArgumentOutOfRangeException(nameof(resize), resize, $"It must be one of {string.Join(", ", Enum.GetNames<ResTokResize>())}.");
        byte[] rgb = FitRgb(image, size, resize);
        var pixels = new byte[4 * size * size];
        for (int i = 0; i < size * size; i++)
        {
            rgb.AsSpan(3 * i, 3).CopyTo(pixels.AsSpan(4 * i));
            pixels[4 * i + 3] = 255;
        }
        return MLImage.CreateFromPixels(size, size, MLPixelFormat.Rgba32, pixels);
    }

    /// <summary>Reads an image file as <see cref="ResTokCatalog.ResTokLoadImages"/> does, and as the reference does: whole or not at all.</summary>
    /// <param name="path">PNG, JPEG, WebP, BMP, GIF or ICO; of several frames the first is read.</param>
    /// <param name="options">The largest image to read, and whether to turn it as its Exif data say.</param>
    /// <returns>A new image, Rgba32 and opaque, which the caller disposes.</returns>
    /// <example>
    /// <code>
    /// using MLImage image = ResTokImages.Load("image.jpg", new() { FollowOrientation = true });
    /// </code>
    /// </example>
    /// <exception cref="InvalidDataException">The file is a folder, empty, of another format, too large, damaged or cut short.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static MLImage Load(string path, ResTokImageLoadingEstimator.Options? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new();
        options.Validate();
        using DecodedImage image = ImageFile.Decode(path, options.MostPixels, options.FollowOrientation);
        return image.ToImage();
    }

    /// <summary>Reads an image from what is in its file, such as the body of a request.</summary>
    /// <param name="content">As of a file for <see cref="Load(string, ResTokImageLoadingEstimator.Options?)"/>.</param>
    /// <param name="options">The largest image to read, and whether to turn it as its Exif data say.</param>
    /// <returns>A new image, Rgba32 and opaque, which the caller disposes.</returns>
    /// <exception cref="InvalidDataException">It is empty, of another format, too large, damaged or cut short.</exception>
    public static MLImage Load(byte[] content, ResTokImageLoadingEstimator.Options? options = null)
    {
        ArgumentNullException.ThrowIfNull(content);
        options ??= new();
        options.Validate();
        using DecodedImage image = DecodedImage.Decode(content, "The file", options.MostPixels, options.FollowOrientation);
        return image.ToImage();
    }

    /// <summary>Makes images of what <see cref="ResTok.Models.ImageTokenizer.Decode(torch.Tensor, int?)"/> gives.</summary>
    /// <param name="images">RGB, floating, [B, 3, S, S] on any device; values are clamped to [0, 1] and rounded to 8 bits.</param>
    /// <returns>B new images, S×S, Rgba32, which the caller disposes.</returns>
    /// <exception cref="ArgumentException"><paramref name="images"/> has another shape or type.</exception>
    public static IReadOnlyList<MLImage> FromTensor(torch.Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.dim() != 4 || images.shape[1] != 3 || !images.is_floating_point())
            throw new ArgumentException($"Images must be a floating tensor [B, 3, S, S], but this is {images.dtype} [{string.Join(", ", images.shape)}].", nameof(images));
        int height = (int)images.shape[2], width = (int)images.shape[3];
        return [.. Rgba(images).Chunk(4 * height * width).Select(pixels => MLImage.CreateFromPixels(width, height, MLPixelFormat.Rgba32, pixels))];
    }

    /// <summary>The pixels of [B, 3, H, W] in [0, 1], image by image, four bytes each.</summary>
    internal static byte[] Rgba(torch.Tensor images)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor rgb = images.clamp(0, 1).mul_(255).round_().to(torch.ScalarType.Byte);
        torch.Tensor alpha = torch.full([rgb.shape[0], 1, rgb.shape[2], rgb.shape[3]], 255, dtype: torch.ScalarType.Byte, device: rgb.device);
        return torch.cat([rgb, alpha], 1).permute(0, 2, 3, 1).contiguous().cpu().data<byte>().ToArray();
    }

    /// <summary>What <see cref="Fit"/> gives, as interleaved RGB.</summary>
    internal static byte[] FitRgb(MLImage image, int size, ResTokResize resize)
    {
        int width = image.Width, height = image.Height;
        if (width == size && height == size)
            return Rgb(image);
        switch (resize)
        {
            case ResTokResize.Stretch:
                if (3L * size * height > Array.MaxLength)
                    throw new ArgumentException($"The image has {width} x {height} pixels, which is too high to be stretched to {size} x {size}. Crop it first.");
                return Resampler.Resize(Rgb(image), width, height, size, size);
            case ResTokResize.ShorterEdgeCrop:
                return CenterCrop(Rgb(image), width, height, size);
            default:
                throw new ArgumentException($"The image has {width} x {height} pixels, but must have {size} x {size}. Resize it first, or choose another {nameof(ResTokResize)}.");
        }
    }

    /// <summary>Shorter edge to a size, then the middle square, as planar RGB in [0, 1]: what the tokenizer takes.</summary>
    internal static void FitPlanes(DecodedImage image, int size, Span<float> planes)
    {
        (long newWidth, long newHeight, long left, long top) = CenterSquare(image.Width, image.Height, size);
        ToPlanes(
            image.Width == size && image.Height == size
                ? MemoryMarshal.Cast<byte, uint>(image.Pixels)
                : Resampler.ResizeAndCut(image.Pixels, 4, image.Width, image.Height, newWidth, newHeight, left, top, size),
            planes);
    }

    /// <summary>Interleaved RGB of a decoded file.</summary>
    internal static byte[] Rgb(DecodedImage image) => Rgb(image.Pixels, 0, 2, out _);

    /// <summary>Pixels of four bytes as planar RGB in [0, 1].</summary>
    internal static void ToPlanes(ReadOnlySpan<uint> pixels, Span<float> planes)
    {
        int count = pixels.Length, i = 0;
        Span<float> red = planes[..count], green = planes.Slice(count, count), blue = planes.Slice(2 * count, count);
        for (; i + Vector256<uint>.Count <= count; i += Vector256<uint>.Count)
        {
            Vector256<uint> pixel = Vector256.Create(pixels.Slice(i, Vector256<uint>.Count));
            Fractions(pixel).CopyTo(red[i..]);
            Fractions(pixel >> 8).CopyTo(green[i..]);
            Fractions(pixel >> 16).CopyTo(blue[i..]);
        }
        for (; i < count; i++)
            (red[i], green[i], blue[i]) = ((byte)pixels[i] / 255f, (byte)(pixels[i] >> 8) / 255f, (byte)(pixels[i] >> 16) / 255f);

        static Vector256<float> Fractions(Vector256<uint> values) => Vector256.ConvertToSingle((values & Vector256.Create(255u)).AsInt32()) / Vector256.Create(255f);
    }

    /// <summary>Shorter edge to a size, then the middle square.</summary>
    internal static byte[] CenterCrop(byte[] rgb, int width, int height, int size)
    {
        if (width == size && height == size)
            return rgb;
        (long newWidth, long newHeight, long left, long top) = CenterSquare(width, height, size);
        return Resampler.ResizeAndCut(rgb, width, height, newWidth, newHeight, left, top, size);
    }

    private static (long Width, long Height, long Left, long Top) CenterSquare(int width, int height, int size)
    {
        long newWidth = width <= height ? size : (long)size * width / height;
        long newHeight = width <= height ? (long)size * height / width : size;
        return (newWidth, newHeight, (long)Math.Round((newWidth - size) / 2.0), (long)Math.Round((newHeight - size) / 2.0));
    }

    /// <exception cref="ArgumentException">An image of this size cannot be read.</exception>
    internal static void CheckSize(int width, int height)
    {
        if ((long)width * height > MostPixels)
            throw new ArgumentException($"The image has {width} x {height} pixels, but may have at most {MostPixels}. Make it smaller first.");
    }

    /// <summary>Interleaved RGB of any image.</summary>
    internal static byte[] Rgb(MLImage image)
    {
        CheckSize(image.Width, image.Height);
        (int red, int blue) = image.PixelFormat switch
        {
            MLPixelFormat.Rgba32 => (0, 2),
            MLPixelFormat.Bgra32 => (2, 0),
            _ => throw new ArgumentException($"The image's pixel format {image.PixelFormat} is not known; use Rgba32 or Bgra32."),
        };
        byte[] rgb = Rgb(image.Pixels, red, blue, out bool isOpaque);
        using DecodedImage? original = isOpaque ? null : ImageFile.Original(image);
        return original is null ? rgb : Rgb(original.Pixels, 0, 2, out _);
    }

    private static byte[] Rgb(ReadOnlySpan<byte> pixels, int red, int blue, out bool isOpaque)
    {
        var rgb = new byte[pixels.Length / 4 * 3];
        int alpha = 255;
        for (int from = 0, to = 0; from < pixels.Length; from += 4, to += 3)
        {
            rgb[to] = pixels[from + red];
            rgb[to + 1] = pixels[from + 1];
            rgb[to + 2] = pixels[from + blue];
            alpha &= pixels[from + 3];
        }
        isOpaque = alpha == 255;
        return rgb;
    }
}
