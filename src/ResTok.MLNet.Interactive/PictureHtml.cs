using System.Globalization;
using Microsoft.ML.Data;
using SkiaSharp;

namespace ResTok.MLNet.Interactive;

/// <summary>Pictures inside a page.</summary>
internal static class PictureHtml
{
    /// <param name="picture">It stays the caller's.</param>
    /// <param name="longestSide">A larger picture is shrunk to this, in pixels.</param>
    /// <exception cref="ArgumentException">Its pixel format is unknown.</exception>
    public static string Tag(MLImage picture, int longestSide = int.MaxValue)
    {
        SKColorType order = picture.PixelFormat switch
        {
            MLPixelFormat.Rgba32 => SKColorType.Rgba8888,
            MLPixelFormat.Bgra32 => SKColorType.Bgra8888,
            _ => throw new ArgumentException($"The picture's pixel format {picture.PixelFormat} is not known; use Rgba32 or Bgra32."),
        };
        int width = picture.Width, height = picture.Height;
        using SKImage whole = SKImage.FromPixelCopy(new SKImageInfo(width, height, order, SKAlphaType.Premul), picture.Pixels);
        double scale = Math.Min(1, (double)longestSide / Math.Max(width, height));
        int shownWidth = Math.Max(1, (int)Math.Round(width * scale)), shownHeight = Math.Max(1, (int)Math.Round(height * scale));
        using SKImage? small = scale < 1 ? Shrink(whole, shownWidth, shownHeight) : null;
        using SKData png = (small ?? whole).Encode(SKEncodedImageFormat.Png, 100);
        return string.Create(CultureInfo.InvariantCulture,
            $"<img width=\"{shownWidth}\" height=\"{shownHeight}\" alt=\"A picture of {width} x {height} pixels\" src=\"data:image/png;base64,{Convert.ToBase64String(png.AsSpan())}\"/>");
    }

    private static SKImage Shrink(SKImage picture, int width, int height)
    {
        using SKSurface surface = SKSurface.Create(new SKImageInfo(width, height));
        using var paint = new SKPaint { FilterQuality = SKFilterQuality.High };
        surface.Canvas.DrawImage(picture, SKRect.Create(width, height), paint);
        return surface.Snapshot();
    }
}
