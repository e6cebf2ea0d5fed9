using System.Globalization;
using Microsoft.ML.Data;
using SkiaSharp;

namespace ResTok.MLNet.Interactive;

/// <summary>Images inside a page.</summary>
internal static class ImageHtml
{
    /// <param name="image">It stays the caller's.</param>
    /// <param name="longestSide">A larger image is shrunk to this, in pixels.</param>
    /// <exception cref="ArgumentException">Its pixel format is unknown.</exception>
    public static string Tag(MLImage image, int longestSide = int.MaxValue)
    {
        SKColorType order = image.PixelFormat switch
        {
            MLPixelFormat.Rgba32 => SKColorType.Rgba8888,
            MLPixelFormat.Bgra32 => SKColorType.Bgra8888,
            _ => throw new ArgumentException($"The image's pixel format {image.PixelFormat} is not known; use Rgba32 or Bgra32."),
        };
        int width = image.Width, height = image.Height;
        using SKImage whole = SKImage.FromPixelCopy(new SKImageInfo(width, height, order, SKAlphaType.Premul), image.Pixels);
        double scale = Math.Min(1, (double)longestSide / Math.Max(width, height));
        int shownWidth = Math.Max(1, (int)Math.Round(width * scale)), shownHeight = Math.Max(1, (int)Math.Round(height * scale));
        using SKImage? small = scale < 1 ? Shrink(whole, shownWidth, shownHeight) : null;
        using SKData png = (small ?? whole).Encode(SKEncodedImageFormat.Png, 100);
        return string.Create(CultureInfo.InvariantCulture,
            $"<img width=\"{shownWidth}\" height=\"{shownHeight}\" alt=\"An image of {width} x {height} pixels\" src=\"data:image/png;base64,{Convert.ToBase64String(png.AsSpan())}\"/>");
    }

    private static SKImage Shrink(SKImage image, int width, int height)
    {
        using SKSurface surface = SKSurface.Create(new SKImageInfo(width, height));
        using var paint = new SKPaint { FilterQuality = SKFilterQuality.High };
        surface.Canvas.DrawImage(image, SKRect.Create(width, height), paint);
        return surface.Snapshot();
    }
}
