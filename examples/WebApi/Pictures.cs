using Microsoft.ML.Data;
using ResTok.MLNet;
using ResTok.Models;
using SkiaSharp;
using TorchSharp;

/// <summary>Between picture files and tensors.</summary>
internal static class Pictures
{
    private const int MostPixels = 50_000_000;

    /// <summary>A picture file as the tokenizer wants it, [1, 3, S, S] in [0, 1]; the caller disposes it.</summary>
    /// <exception cref="ArgumentException">It is no picture that Skia reads, or a very large one.</exception>
    public static torch.Tensor ToTensor(byte[] file, int side)
    {
        SKImageInfo info = SKBitmap.DecodeBounds(file);
        if (info.IsEmpty)
            throw new ArgumentException("The body is no picture. Send the bytes of a PNG, JPEG or WebP file.");
        if ((long)info.Width * info.Height > MostPixels) // a small file can hold a picture that takes all memory
            throw new ArgumentException($"The picture has {info.Width} x {info.Height} pixels, but may have {MostPixels}. Make it smaller.");
        using SKBitmap bitmap = SKBitmap.Decode(file) ?? throw new ArgumentException("The picture is damaged.");
        using SKBitmap rgba = bitmap.Copy(SKColorType.Rgba8888);
        using MLImage whole = MLImage.CreateFromPixels(rgba.Width, rgba.Height, MLPixelFormat.Rgba32, rgba.GetPixelSpan());
        using MLImage square = ResTokImages.Fit(whole, side);
        using var scope = torch.NewDisposeScope();
        torch.Tensor pixels = torch.tensor(square.Pixels.ToArray(), [1, side, side, 4], torch.ScalarType.Byte);
        return (pixels.narrow(3, 0, 3).permute(0, 3, 1, 2).to(torch.ScalarType.Float32) / 255).MoveToOuterDisposeScope();
    }

    /// <summary>The picture of all or of the leading tokens, as a PNG.</summary>
    public static byte[] Decode(ImageTokenizer tokenizer, IReadOnlyList<int> tokens)
    {
        using torch.Tensor ids = torch.tensor(tokens.Select(token => (long)token).ToArray(), [1, tokens.Count]);
        using torch.Tensor images = tokenizer.Decode(ids);
        using MLImage picture = ResTokImages.FromTensor(images)[0];
        using SKImage image = SKImage.FromPixelCopy(new SKImageInfo(picture.Width, picture.Height, SKColorType.Rgba8888, SKAlphaType.Opaque), picture.Pixels);
        using SKData png = image.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }
}
