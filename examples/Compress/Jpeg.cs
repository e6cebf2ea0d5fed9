using Microsoft.ML.Data;
using SkiaSharp;

/// <summary>An image after JPEG.</summary>
/// <param name="Image">What comes back, in the image's own size; whoever has it disposes it.</param>
/// <param name="Side">Pixels of a side that were encoded.</param>
/// <param name="Quality">Skia's, 0 to 100.</param>
/// <param name="Bytes">Of the whole file.</param>
/// <param name="ImageBytes">Of the file without its headers and tables. To leave those out favours JPEG: the tables are made for the image.</param>
internal sealed record Jpeg(MLImage Image, int Side, int Quality, int Bytes, int ImageBytes)
{
    /// <summary>Encodes an image, made smaller first if asked.</summary>
    public static Jpeg Encode(MLImage image, int side, int quality)
    {
        var whole = new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using SKImage copy = SKImage.FromPixelCopy(whole, image.Pixels);
        using SKBitmap bitmap = SKBitmap.FromImage(copy), small = bitmap.Resize(whole.WithSize(side, side), SKFilterQuality.High);
        using SKData data = small.Encode(SKEncodedImageFormat.Jpeg, quality);
        using SKBitmap decoded = SKBitmap.Decode(data.AsSpan(), whole.WithSize(side, side)), back = decoded.Resize(whole, SKFilterQuality.High);
        return new(MLImage.CreateFromPixels(whole.Width, whole.Height, MLPixelFormat.Rgba32, back.GetPixelSpan()), side, quality, (int)data.Size, EntropyCoded(data.AsSpan()));
    }

    /// <summary>The best of all sizes and qualities whose image data, headers not counted, fit into some bytes.</summary>
    public static Jpeg Best(MLImage image, int imageBytes)
    {
        Jpeg? best = null;
        double bestPsnr = 0;
        for (int side = image.Width; side >= 8; side -= image.Width / 16)
        {
            // More quality takes more bytes, so that the first quality that does not fit is the last to try.
            for (int quality = 0; quality <= 100; quality += 10)
            {
                Jpeg jpeg = Encode(image, side, quality);
                double psnr = Psnr.Of(image, jpeg.Image);
                bool fits = jpeg.ImageBytes <= imageBytes, better = fits && psnr > bestPsnr;
                (better ? best : jpeg)?.Image.Dispose();
                if (better)
                    (best, bestPsnr) = (jpeg, psnr);
                if (!fits)
                    break;
            }
        }
        return best ?? throw new InvalidOperationException($"No JPEG of this image has only {imageBytes} bytes of image data.");
    }

    /// <summary>Bytes between the header of the scan, the last segment that has a length, and the end marker.</summary>
    private static int EntropyCoded(ReadOnlySpan<byte> file)
    {
        const byte StartOfScan = 0xda;
        const int Marker = 2;
        for (int at = Marker; ; )
        {
            int length = file[at + Marker] << 8 | file[at + Marker + 1];
            byte kind = file[at + 1];
            at += Marker + length;
            if (kind == StartOfScan)
                return file.Length - at - Marker;
        }
    }
}
