using System.Runtime.CompilerServices;
using System.Xml.Linq;
using Microsoft.DotNet.Interactive.Formatting;
using Microsoft.ML.Data;
using ResTok.Models.Runtime;
using SkiaSharp;

namespace ResTok.MLNet.Interactive.Tests;

/// <summary>A notebook without a kernel: what formatting registers, and the HTML it gives.</summary>
internal static class Notebook
{
    [ModuleInitializer]
    internal static void Register()
    {
        TorchRuntime.EnsureLoaded();
        NotebookFormatting.Register();
    }

    /// <summary>What a cell that ends with the value shows; it must be well formed.</summary>
    public static XElement Show(object value) => XElement.Parse(value.ToDisplayString(HtmlFormatter.MimeType));

    /// <summary>The PNG of an inline image, decoded.</summary>
    public static SKBitmap Image(XElement tag)
    {
        const string Start = "data:image/png;base64,";
        string source = tag.Attribute("src")!.Value;
        Assert.StartsWith(Start, source, StringComparison.Ordinal);
        byte[] png = Convert.FromBase64String(source[Start.Length..]);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4]);
        return SKBitmap.Decode(png, new SKImageInfo { ColorType = SKColorType.Rgba8888, AlphaType = SKAlphaType.Premul, Width = Number(tag, "width"), Height = Number(tag, "height") });
    }

    public static int Number(XElement tag, string attribute) => int.Parse(tag.Attribute(attribute)!.Value, System.Globalization.CultureInfo.InvariantCulture);

    public static MLImage Noise(int seed, int width = 32, int height = 32, MLPixelFormat format = MLPixelFormat.Rgba32)
    {
        var pixels = new byte[4 * width * height];
        new Random(seed).NextBytes(pixels);
        for (int i = 3; i < pixels.Length; i += 4)
            pixels[i] = 255;
        return MLImage.CreateFromPixels(width, height, format, pixels);
    }
}
