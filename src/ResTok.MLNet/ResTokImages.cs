using Microsoft.ML.Data;
using ResTok.MLNet.Encoding;
using TorchSharp;

namespace ResTok.MLNet;

/// <summary>Pictures as the tokenizer sees and makes them.</summary>
public static class ResTokImages
{
    private const int MostPixels = int.MaxValue / 4; // MLImage hands them out as one span of bytes

    /// <summary>Makes the square picture that <see cref="ResTokCatalog.ResTokEncode"/> would encode.</summary>
    /// <param name="image">Any size, either pixel order. Transparent pixels count as blended with black.</param>
    /// <param name="size">The square's side in pixels.</param>
    /// <param name="resize">How to get there.</param>
    /// <returns>A new picture, Rgba32, which the caller disposes.</returns>
    /// <exception cref="ArgumentException">The picture has another size and <paramref name="resize"/> is <see cref="ResTokResize.Exact"/>.</exception>
    public static MLImage Fit(MLImage image, int size, ResTokResize resize = ResTokResize.ShorterEdgeCrop)
    {
        ArgumentNullException.ThrowIfNull(image);
        byte[] rgb = FitRgb(image, size, resize);
        var pixels = new byte[4 * size * size];
        for (int i = 0; i < size * size; i++)
        {
            rgb.AsSpan(3 * i, 3).CopyTo(pixels.AsSpan(4 * i));
            pixels[4 * i + 3] = 255;
        }
        return MLImage.CreateFromPixels(size, size, MLPixelFormat.Rgba32, pixels);
    }

    /// <summary>Makes pictures of what <see cref="ResTok.Models.ImageTokenizer.Decode(torch.Tensor, int?)"/> gives.</summary>
    /// <param name="images">RGB, floating, [B, 3, S, S] on any device; values are clamped to [0, 1] and rounded to 8 bits.</param>
    /// <returns>B new pictures, S×S, Rgba32, which the caller disposes.</returns>
    /// <exception cref="ArgumentException"><paramref name="images"/> has another shape or type.</exception>
    public static IReadOnlyList<MLImage> FromTensor(torch.Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.dim() != 4 || images.shape[1] != 3 || !images.is_floating_point())
            throw new ArgumentException($"Pictures must be a floating tensor [B, 3, S, S], but this is {images.dtype} [{string.Join(", ", images.shape)}].", nameof(images));
        int height = (int)images.shape[2], width = (int)images.shape[3];
        return [.. Rgba(images).Chunk(4 * height * width).Select(pixels => MLImage.CreateFromPixels(width, height, MLPixelFormat.Rgba32, pixels))];
    }

    /// <summary>The pixels of [B, 3, H, W] in [0, 1], picture by picture, four bytes each.</summary>
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
                return BicubicResampler.Resize(Rgb(image), width, height, size, size);
            case ResTokResize.ShorterEdgeCrop:
                return CenterCrop(Rgb(image), width, height, size);
            default:
                throw new ArgumentException($"The picture has {width} x {height} pixels, but must have {size} x {size}. Resize it first, or choose another {nameof(ResTokResize)}.");
        }
    }

    /// <summary>Shorter edge to a size, then the middle square.</summary>
    internal static byte[] CenterCrop(byte[] rgb, int width, int height, int size)
    {
        if (width == size && height == size)
            return rgb;
        long newWidth = width <= height ? size : (long)size * width / height;
        long newHeight = width <= height ? (long)size * height / width : size;
        return BicubicResampler.ResizeAndCut(
            rgb, width, height, newWidth, newHeight, (long)Math.Round((newWidth - size) / 2.0), (long)Math.Round((newHeight - size) / 2.0), size);
    }

    /// <exception cref="ArgumentException">A picture of this size cannot be read.</exception>
    internal static void CheckSize(int width, int height)
    {
        if ((long)width * height > MostPixels)
            throw new ArgumentException($"The picture has {width} x {height} pixels, but may have at most {MostPixels}. Make it smaller first.");
    }

    /// <summary>Interleaved RGB of any picture.</summary>
    internal static byte[] Rgb(MLImage image)
    {
        CheckSize(image.Width, image.Height);
        ReadOnlySpan<byte> pixels = image.Pixels;
        (int red, int blue) = image.PixelFormat switch
        {
            MLPixelFormat.Rgba32 => (0, 2),
            MLPixelFormat.Bgra32 => (2, 0),
            _ => throw new ArgumentException($"The picture's pixel format {image.PixelFormat} is not known; use Rgba32 or Bgra32."),
        };
        var rgb = new byte[pixels.Length / 4 * 3];
        for (int from = 0, to = 0; from < pixels.Length; from += 4, to += 3)
        {
            rgb[to] = pixels[from + red];
            rgb[to + 1] = pixels[from + 1];
            rgb[to + 2] = pixels[from + blue];
        }
        return rgb;
    }
}
