using ResTok.MLNet.Images;
using ResTok.Tool.Work;
using SkiaSharp;

namespace ResTok.Tool.Tests;

public class ViewTests
{
    /// <summary>With a crop of 35 and views of 32: the places that torchvision's TenCrop takes, and that of the mirror image.</summary>
    [Fact]
    public void Ten_views_are_corners_and_middle_and_those_of_the_mirror_image()
    {
        using DecodedImage image = DecodedImage.Decode(DataSet.Image(1, SKEncodedImageFormat.Png), "image", long.MaxValue, false);
        var ten = new CroppedViews(32, 10, 1.1); // int(35.2)
        var one = new CroppedViews(35, 1, 1);
        float[] views = new float[10 * 3 * 32 * 32], crop = new float[3 * 35 * 35];
        ten.Cut(image, views);
        one.Cut(image, crop);
        (int Top, int Left, bool Mirrored)[] expected =
        [
            (0, 0, false), (0, 3, false), (3, 0, false), (3, 3, false), (2, 2, false), // 1.5 rounds to 2
            (0, 3, true), (0, 0, true), (3, 3, true), (3, 0, true), (2, 1, true),
        ];
        for (int view = 0; view < 10; view++)
        {
            for (int i = 0; i < 3 * 32 * 32; i++)
            {
                int plane = i / 1024, y = i / 32 % 32, x = i % 32;
                int from = expected[view].Mirrored ? 31 - x : x;
                Assert.Equal(crop[plane * 35 * 35 + (expected[view].Top + y) * 35 + expected[view].Left + from], views[view * 3 * 1024 + i]);
            }
        }
    }

    [Fact]
    public void Two_views_are_the_image_and_its_mirror_image()
    {
        using DecodedImage image = DecodedImage.Decode(DataSet.Image(2, SKEncodedImageFormat.Png), "image", long.MaxValue, false);
        float[] views = new float[2 * 3 * 1024];
        new CroppedViews(32, 2, 1.1).Cut(image, views);
        for (int i = 0; i < 3 * 1024; i++)
            Assert.Equal(views[i], views[3 * 1024 + i / 32 * 32 + 31 - i % 32]);
        Assert.Throws<ArgumentOutOfRangeException>(() => new CroppedViews(32, 3, 1));
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg, 64, 100)] // a quarter; of an eighth, 38 would be left
    [InlineData(SKEncodedImageFormat.Jpeg, 37, 50)]
    [InlineData(SKEncodedImageFormat.Jpeg, 151, 400)]
    [InlineData(SKEncodedImageFormat.Png, 64, 400)]
    public void Of_a_JPEG_no_more_is_decoded_than_is_needed_where_that_is_asked_for(SKEncodedImageFormat format, int edge, int width)
    {
        using var bitmap = new SKBitmap(400, 300);
        bitmap.Erase(new SKColor(10, 200, 90));
        using SKData data = bitmap.Encode(format, 95);
        using DecodedImage scaled = DecodedImage.Decode(data.ToArray(), "it", 1 << 20, followOrientation: false, edge), whole = DecodedImage.Decode(data.ToArray(), "it", 1 << 20, followOrientation: false);
        Assert.Equal((width, width * 3 / 4 + (width == 50 ? 1 : 0)), (scaled.Width, scaled.Height));
        Assert.Equal(400, whole.Width);
        Assert.Equal(whole.Pixels[..4], scaled.Pixels[..4]);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_table_says_that_images_were_decoded_so()
    {
        using var data = new DataSet();
        Restok.Succeed("encode", data.Classes("images", ("a", 2)), "-o", data.PathOf("t.parquet"), "--scaled-decoding");
        Assert.StartsWith("JPEG decoded at 1/2, 1/4 or 1/8", MLNet.Tables.TokenTableFiles.Open(data.PathOf("t.parquet"), new()).Files[0].Metadata.Preprocessing);
    }
}
