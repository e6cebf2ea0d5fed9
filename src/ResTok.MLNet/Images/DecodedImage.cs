using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using SkiaSharp;

namespace ResTok.MLNet.Images;

/// <summary>
/// An image file's pixels, Rgba32, as the Python imaging library gives them with <c>convert("RGB")</c>: the whole image or a fault,
/// transparency dropped and not blended, of several frames the first, and no colour management.
/// </summary>
internal sealed class DecodedImage : IDisposable
{
    private const uint Opaque = 0xff000000; // of four bytes R, G, B, A

    private readonly SKBitmap bitmap;

    private DecodedImage(SKBitmap bitmap) => this.bitmap = bitmap;

    public int Width => bitmap.Width;

    public int Height => bitmap.Height;

    /// <summary>Red, green, blue and 255 of each pixel, row by row.</summary>
    public ReadOnlySpan<byte> Pixels => bitmap.GetPixelSpan();

    /// <param name="content">The file.</param>
    /// <param name="name">How messages call it.</param>
    /// <param name="mostPixels">The most pixels to take memory for.</param>
    /// <param name="followOrientation">Whether to turn it as its Exif data say.</param>
    /// <param name="shorterEdge">
    /// Decodes a JPEG at a half, a quarter or an eighth of its size where its shorter edge stays at least so long, by leaving out frequencies:
    /// faster, of other values than resampling gives. Null for all of it.
    /// </param>
    /// <exception cref="InvalidDataException">It is no image, one of another format, too large, damaged or cut short.</exception>
    public static DecodedImage Decode(byte[] content, string name, long mostPixels, bool followOrientation, int? shorterEdge = null)
    {
        if (content.Length == 0)
            throw new InvalidDataException($"{name} is empty. Copy or download it again.");
        using SKData data = SKData.CreateCopy(content);
        using SKCodec? codec = SKCodec.Create(data); // reads the head
        if (codec is null)
            throw Unreadable(content, name);
        SKImageInfo info = new(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, codec.Info.AlphaType == SKAlphaType.Opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul);
        if ((long)info.Width * info.Height > mostPixels)
            throw new InvalidDataException($"{name} has {info.Width} x {info.Height} pixels, but at most {mostPixels} are read. Make it smaller, or raise the limit if you trust it.");
        if (shorterEdge is { } edge && codec.EncodedFormat == SKEncodedImageFormat.Jpeg)
            info = info.WithSize(new[] { 1 / 8f, 1 / 4f, 1 / 2f }.Select(codec.GetScaledDimensions).FirstOrDefault(size => Math.Min(size.Width, size.Height) >= edge, info.Size));
        var bitmap = new SKBitmap();
        try
        {
            if (!bitmap.TryAllocPixels(info))
                throw new InvalidDataException($"{name} has {info.Width} x {info.Height} pixels, for which there is no memory.");
            SKCodecResult result = codec.GetPixels(info, bitmap.GetPixels());
            if (result == SKCodecResult.IncompleteInput || !ImageContainer.IsWhole(codec.EncodedFormat, content))
                throw new InvalidDataException($"{name} is cut short: {ImageFormat.Of(content)?.Name ?? "an image"} of {info.Width} x {info.Height} pixels whose data end early. Copy or download it again.");
            if (result != SKCodecResult.Success)
                throw new InvalidDataException($"{name} is damaged ({result}). Copy or download it again.");
            if (info.AlphaType != SKAlphaType.Opaque)
                DropAlpha(Words(bitmap), codec.EncodedFormat == SKEncodedImageFormat.Gif ? ImageContainer.GifBackground(content) : null);
            SKEncodedOrigin origin = followOrientation ? ImageOrientation.Of(codec, content) : SKEncodedOrigin.TopLeft;
            if (origin == SKEncodedOrigin.TopLeft)
                return new(bitmap);
            SKBitmap turned = ImageOrientation.Apply(bitmap, origin);
            bitmap.Dispose();
            return new(turned);
        }
        catch
        {
            bitmap.Dispose();
            throw;
        }
    }

    /// <summary>A copy for a column.</summary>
    public MLImage ToImage() => MLImage.CreateFromPixels(Width, Height, MLPixelFormat.Rgba32, Pixels);

    public void Dispose() => bitmap.Dispose();

    /// <summary>A bitmap's pixels to write to, four bytes each.</summary>
    internal static Span<uint> Words(SKBitmap bitmap)
    {
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(bitmap.GetPixelSpan());
        return MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(words), words.Length);
    }

    /// <param name="pixels">R, G, B, A each.</param>
    /// <param name="background">What Skia leaves empty, where it does.</param>
    private static void DropAlpha(Span<uint> pixels, uint? background)
    {
        uint opaque = BitConverter.IsLittleEndian ? Opaque : BinaryPrimitives.ReverseEndianness(Opaque);
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (pixels[i] & opaque) == 0 && background is { } colour ? colour | opaque : pixels[i] | opaque;
    }

    private static InvalidDataException Unreadable(byte[] content, string name) => ImageFormat.Of(content) switch
    {
        { IsReadable: true } format => new($"{name} is {format.Name} with a damaged head, or cut short. {format.Advice}"),
        { } format => new($"{name} is {format.Name}, which cannot be read. {format.Advice}"),
        null => new($"{name} is no image of a format that can be read, which are {ImageFormat.Readable}."),
    };
}
