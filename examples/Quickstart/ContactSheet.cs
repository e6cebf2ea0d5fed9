using Microsoft.ML.Data;
using SkiaSharp;

/// <summary>Pictures side by side in one PNG, each with the number of its tokens under it.</summary>
internal static class ContactSheet
{
    private const int Gap = 8, Caption = 28;

    /// <summary>Which of the seven segments (top, upper right, lower right, bottom, lower left, upper left, middle) a digit lights.</summary>
    private static readonly byte[] Segments = [0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f];

    /// <param name="path">The PNG to write.</param>
    /// <param name="pictures">Square pictures, Rgba32.</param>
    /// <param name="numbers">The number under each; 0 for none.</param>
    public static void Save(string path, IReadOnlyList<MLImage> pictures, IReadOnlyList<int> numbers)
    {
        int cell = pictures.Max(picture => picture.Width) + Gap;
        using SKSurface surface = SKSurface.Create(new SKImageInfo(cell * pictures.Count + Gap, cell + Gap + Caption));
        surface.Canvas.Clear(SKColors.White);
        for (int i = 0; i < pictures.Count; i++)
        {
            using SKImage image = SKImage.FromPixelCopy(
                new SKImageInfo(pictures[i].Width, pictures[i].Height, SKColorType.Rgba8888, SKAlphaType.Opaque), pictures[i].Pixels);
            surface.Canvas.DrawImage(image, Gap + i * cell, Gap);
            if (numbers[i] > 0)
                DrawNumber(surface.Canvas, numbers[i], Gap + i * cell + pictures[i].Width / 2f, cell + Gap);
        }
        using SKImage sheet = surface.Snapshot();
        using SKData data = sheet.Encode(SKEncodedImageFormat.Png, 100);
        using FileStream file = File.Create(path);
        data.SaveTo(file);
    }

    /// <summary>Peak signal-to-noise ratio of two pictures' 8-bit RGB in dB.</summary>
    public static double Psnr(MLImage a, MLImage b)
    {
        ReadOnlySpan<byte> x = a.Pixels, y = b.Pixels;
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
        {
            if (i % 4 != 3)
                sum += (x[i] - y[i]) * (x[i] - y[i]);
        }
        return 10 * Math.Log10(255.0 * 255.0 * (x.Length / 4 * 3) / sum);
    }

    // Drawn as strokes, because many machines that run this have no fonts.
    private static void DrawNumber(SKCanvas canvas, int number, float center, float top)
    {
        const float Wide = 8, High = 8, Step = 14;
        using var paint = new SKPaint { Color = new(0x44, 0x44, 0x44), StrokeWidth = 2, IsAntialias = true, StrokeCap = SKStrokeCap.Round };
        string digits = number.ToString(System.Globalization.CultureInfo.InvariantCulture);
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
