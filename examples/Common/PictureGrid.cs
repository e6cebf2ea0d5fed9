using System.Globalization;
using Microsoft.ML.Data;
using SkiaSharp;

/// <summary>Images in rows and columns in one PNG, with a number above each column and beside each row.</summary>
internal static class PictureGrid
{
    private const int Gap = 8, Above = 28, Beside = 64, LeastSide = 128;

    /// <summary>Which of the seven segments (top, upper right, lower right, bottom, lower left, upper left, middle) a digit lights.</summary>
    private static readonly byte[] Segments = [0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f];

    /// <param name="path">The PNG to write.</param>
    /// <param name="rows">Square images of one size, Rgba32, enlarged if small; null leaves a place empty.</param>
    /// <param name="columnNumbers">The number above each column, or null for none.</param>
    /// <param name="rowNumbers">The number beside each row, or null for none.</param>
    /// <param name="leastSide">Images are enlarged a whole number of times, up to so many pixels.</param>
    public static void Save(string path, IReadOnlyList<IReadOnlyList<MLImage?>> rows, IReadOnlyList<int?>? columnNumbers = null, IReadOnlyList<int?>? rowNumbers = null, int leastSide = LeastSide)
    {
        int side = SideOf(rows.SelectMany(row => row).First(image => image is not null)!, leastSide), cell = side + Gap;
        int left = rowNumbers is null ? Gap : Beside, top = columnNumbers is null ? Gap : Above;
        using SKSurface surface = SKSurface.Create(new SKImageInfo(left + rows.Max(row => row.Count) * cell, top + rows.Count * cell));
        surface.Canvas.Clear(SKColors.White);
        for (int y = 0; y < rows.Count; y++)
        {
            if (rowNumbers?[y] is { } row)
                DrawNumber(surface.Canvas, row, left / 2f, top + y * cell + side / 2f - 8);
            for (int x = 0; x < rows[y].Count; x++)
            {
                if (y == 0 && columnNumbers?[x] is { } column)
                    DrawNumber(surface.Canvas, column, left + x * cell + side / 2f, 6);
                if (rows[y][x] is { } image)
                    DrawImage(surface.Canvas, image, left + x * cell, top + y * cell, side);
            }
        }
        using SKImage sheet = surface.Snapshot();
        using SKData data = sheet.Encode(SKEncodedImageFormat.Png, 100);
        using FileStream file = File.Create(path);
        data.SaveTo(file);
    }

    /// <summary>Frames side by side without gaps, for a style sheet to animate.</summary>
    public static void SaveStrip(string path, IReadOnlyList<MLImage> frames)
    {
        int side = SideOf(frames[0], LeastSide);
        using SKSurface surface = SKSurface.Create(new SKImageInfo(frames.Count * side, side));
        for (int i = 0; i < frames.Count; i++)
            DrawImage(surface.Canvas, frames[i], i * side, 0, side);
        using SKImage strip = surface.Snapshot();
        using SKData data = strip.Encode(SKEncodedImageFormat.Png, 100);
        using FileStream file = File.Create(path);
        data.SaveTo(file);
    }

    /// <summary>How large an image is drawn: a whole number of times.</summary>
    private static int SideOf(MLImage image, int least) => image.Width * Math.Max(1, least / image.Width);

    private static void DrawImage(SKCanvas canvas, MLImage image, float left, float top, int side)
    {
        using SKImage copy = SKImage.FromPixelCopy(
            new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque), image.Pixels);
        using var paint = new SKPaint { FilterQuality = SKFilterQuality.High };
        canvas.DrawImage(copy, SKRect.Create(left, top, side, side), paint);
    }

    // Drawn as strokes, because many machines that run this have no fonts.
    private static void DrawNumber(SKCanvas canvas, int number, float center, float top)
    {
        const float Wide = 8, High = 8, Step = 14;
        using var paint = new SKPaint { Color = new(0x44, 0x44, 0x44), StrokeWidth = 2, IsAntialias = true, StrokeCap = SKStrokeCap.Round };
        string digits = number.ToString(CultureInfo.InvariantCulture);
        float left = center - (Step * digits.Length - (Step - Wide)) / 2;
        foreach (char digit in digits)
        {
            SKPoint[] corners = [new(left, top), new(left + Wide, top), new(left + Wide, top + High), new(left + Wide, top + 2 * High), new(left, top + 2 * High), new(left, top + High)];
            for (int segment = 0; segment < 7; segment++)
            {
                if ((Segments[digit - '0'] >> segment & 1) != 0)
                    canvas.DrawLine(segment == 6 ? corners[5] : corners[segment], segment == 6 ? corners[2] : corners[(segment + 1) % 6], paint);
            }
            left += Step;
        }
    }
}
