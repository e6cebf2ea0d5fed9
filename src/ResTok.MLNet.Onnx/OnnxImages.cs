using Microsoft.ML.Data;
using ResTok.MLNet.Encoding;

namespace ResTok.MLNet.Onnx;

/// <summary>Between images and the pixels that ONNX files take and give.</summary>
public static class OnnxImages
{
    /// <summary>Makes the pixels that <see cref="OnnxTokenizer.Encode"/> takes, as <see cref="ResTokCatalog.ResTokEncode"/> would.</summary>
    /// <param name="images">Any sizes, either pixel order. They stay the caller's.</param>
    /// <param name="size">The side that the tokenizer wants, S.</param>
    /// <param name="resize">How to get there.</param>
    /// <returns>RGB in [0, 1], [B, 3, S, S] row by row.</returns>
    /// <exception cref="ArgumentException">An image has another size and <paramref name="resize"/> is <see cref="ResTokResize.Exact"/>.</exception>
    public static float[] ToPixels(IReadOnlyList<MLImage> images, int size, ResTokResize resize = ResTokResize.ShorterEdgeCrop)
    {
        ArgumentNullException.ThrowIfNull(images);
        int plane = size * size;
        var pixels = new float[images.Count * 3 * plane];
        for (int b = 0; b < images.Count; b++)
        {
            using MLImage square = ResTokImages.Fit(images[b], size, resize);
            ReadOnlySpan<byte> rgba = square.Pixels;
            for (int i = 0; i < 3 * plane; i++)
                pixels[b * 3 * plane + i] = rgba[4 * (i % plane) + i / plane] / 255f;
        }
        return pixels;
    }

    /// <summary>Makes images of what <see cref="OnnxTokenizer.Decode(IReadOnlyList{IReadOnlyList{int}}, int?)"/> gives.</summary>
    /// <param name="pixels">RGB, [B, 3, S, S] row by row; values are clamped to [0, 1] and rounded to 8 bits.</param>
    /// <param name="size">S.</param>
    /// <returns>B new images, S×S, Rgba32, which the caller disposes.</returns>
    /// <exception cref="ArgumentException"><paramref name="pixels"/> is not a whole number of images.</exception>
    public static IReadOnlyList<MLImage> FromPixels(float[] pixels, int size)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        int plane = size * size;
        if (pixels.Length % (3 * plane) != 0)
            throw new ArgumentException($"Images have {3 * plane} values each, [3, {size}, {size}], but there are {pixels.Length}.", nameof(pixels));
        return [.. Rgba(pixels, size).Chunk(4 * plane).Select(rgba => MLImage.CreateFromPixels(size, size, MLPixelFormat.Rgba32, rgba))];
    }

    /// <summary>The pixels of images, image by image, four bytes each.</summary>
    internal static byte[] Rgba(float[] pixels, int size)
    {
        int plane = size * size;
        var rgba = new byte[pixels.Length / 3 * 4];
        for (int i = 0; i < rgba.Length; i++)
        {
            (int pixel, int channel) = Math.DivRem(i, 4);
            (int image, int place) = Math.DivRem(pixel, plane);
            rgba[i] = channel == 3 ? (byte)255 : (byte)MathF.Round(Math.Clamp(pixels[(3 * image + channel) * plane + place], 0, 1) * 255);
        }
        return rgba;
    }
}
