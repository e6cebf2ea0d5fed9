using Microsoft.ML.Data;
using ResTok.MLNet;
using ResTok.Models;
using SkiaSharp;
using TorchSharp;

/// <summary>Between image files and tensors.</summary>
internal static class Images
{
    private const int MostPixels = 50_000_000;

    /// <summary>An image file as the tokenizer wants it, [1, 3, S, S] in [0, 1]; the caller disposes it.</summary>
    /// <exception cref="InvalidDataException">It is no whole image of a format that can be read, or a very large one.</exception>
    public static torch.Tensor ToTensor(byte[] file, int side)
    {
        using MLImage whole = ResTokImages.Load(file, new() { MostPixels = MostPixels }); // a small file can hold an image that takes all memory
        using MLImage square = ResTokImages.Fit(whole, side);
        using var scope = torch.NewDisposeScope();
        torch.Tensor pixels = torch.tensor(square.Pixels.ToArray(), [1, side, side, 4], torch.ScalarType.Byte);
        return (pixels.narrow(3, 0, 3).permute(0, 3, 1, 2).to(torch.ScalarType.Float32) / 255).MoveToOuterDisposeScope();
    }

    /// <summary>The image of all or of the leading tokens, as a PNG.</summary>
    public static byte[] Decode(ImageTokenizer tokenizer, IReadOnlyList<int> tokens)
    {
        using torch.Tensor ids = torch.tensor(tokens.Select(token => (long)token).ToArray(), [1, tokens.Count]);
        using torch.Tensor images = tokenizer.Decode(ids);
        using MLImage rebuilt = ResTokImages.FromTensor(images)[0];
        using SKImage image = SKImage.FromPixelCopy(new SKImageInfo(rebuilt.Width, rebuilt.Height, SKColorType.Rgba8888, SKAlphaType.Opaque), rebuilt.Pixels);
        using SKData png = image.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }
}
