using System.Xml.Linq;
using Microsoft.ML.Data;
using SkiaSharp;

namespace ResTok.MLNet.Interactive.Tests;

public class ImageTests
{
    [Theory]
    [InlineData(MLPixelFormat.Rgba32, 0, 2)]
    [InlineData(MLPixelFormat.Bgra32, 2, 0)]
    public void An_image_is_an_inline_png_of_the_same_pixels(MLPixelFormat format, int red, int blue)
    {
        using MLImage image = Notebook.Noise(1, 20, 30, format);
        XElement shown = Notebook.Show(image);
        Assert.Equal("img", shown.Name);
        using SKBitmap png = Notebook.Image(shown);
        Assert.Equal((20, 30), (png.Width, png.Height));
        byte[] pixels = image.Pixels.ToArray(), back = png.GetPixelSpan().ToArray();
        for (int i = 0; i < pixels.Length; i += 4)
            Assert.Equal((pixels[i + red], pixels[i + 1], pixels[i + blue], pixels[i + 3]), (back[i], back[i + 1], back[i + 2], back[i + 3]));
    }

    [Fact]
    public void Several_images_stand_side_by_side()
    {
        using MLImage one = Notebook.Noise(1), two = Notebook.Noise(2);
        IReadOnlyList<MLImage> images = [one, two];
        Assert.Equal(2, Notebook.Show(images).Elements("img").Count());
    }
}
