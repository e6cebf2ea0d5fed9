using System.Buffers.Binary;
using SkiaSharp;

namespace ResTok.MLNet.Images;

/// <summary>How an image is to be turned, as Exif says.</summary>
internal static class ImageOrientation
{
    /// <summary>Skia finds the tag in JPEG and WebP; in PNG it is read here.</summary>
    public static SKEncodedOrigin Of(SKCodec codec, ReadOnlySpan<byte> content) =>
        codec.EncodedFormat == SKEncodedImageFormat.Png ? OfPng(content) : codec.EncodedOrigin;

    /// <summary>A turned copy, four bytes a pixel.</summary>
    public static SKBitmap Apply(SKBitmap source, SKEncodedOrigin origin)
    {
        int width = source.Width, height = source.Height;
        bool swaps = origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        var result = new SKBitmap(source.Info.WithSize(swaps ? height : width, swaps ? width : height));
        Span<uint> from = DecodedImage.Words(source), to = DecodedImage.Words(result);
        for (int y = 0, at = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++, at++)
            {
                (int column, int row) = origin switch
                {
                    SKEncodedOrigin.TopRight => (width - 1 - x, y),
                    SKEncodedOrigin.BottomRight => (width - 1 - x, height - 1 - y),
                    SKEncodedOrigin.BottomLeft => (x, height - 1 - y),
                    SKEncodedOrigin.LeftTop => (y, x),
                    SKEncodedOrigin.RightTop => (height - 1 - y, x),
                    SKEncodedOrigin.RightBottom => (height - 1 - y, width - 1 - x),
                    SKEncodedOrigin.LeftBottom => (y, width - 1 - x),
                    _ => (x, y),
                };
                to[row * result.Width + column] = from[at];
            }
        }
        return result;
    }

    private static SKEncodedOrigin OfPng(ReadOnlySpan<byte> content)
    {
        for (int at = 8; content.Length - at >= 12;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(content[at..]);
            if (length > content.Length - at - 12)
                break;
            if (content.Slice(at + 4, 4).SequenceEqual("eXIf"u8))
                return OfExif(content.Slice(at + 8, (int)length));
            at += 12 + (int)length;
        }
        return SKEncodedOrigin.TopLeft;
    }

    /// <summary>The tag 0x112 in the first directory of an Exif block.</summary>
    private static SKEncodedOrigin OfExif(ReadOnlySpan<byte> exif)
    {
        const int Entry = 12;
        if (exif.Length < 8)
            return SKEncodedOrigin.TopLeft;
        bool big = exif[0] == 'M';
        uint start = big ? BinaryPrimitives.ReadUInt32BigEndian(exif[4..]) : BinaryPrimitives.ReadUInt32LittleEndian(exif[4..]);
        if (start > exif.Length - 2)
            return SKEncodedOrigin.TopLeft;
        int count = Short(exif[(int)start..], big);
        for (int at = (int)start + 2; count > 0 && exif.Length - at >= Entry; count--, at += Entry)
        {
            if (Short(exif[at..], big) == 0x112)
                return Short(exif[(at + 8)..], big) is >= 1 and <= 8 and var origin ? (SKEncodedOrigin)origin : SKEncodedOrigin.TopLeft;
        }
        return SKEncodedOrigin.TopLeft;

        static int Short(ReadOnlySpan<byte> bytes, bool big) => big ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }
}
