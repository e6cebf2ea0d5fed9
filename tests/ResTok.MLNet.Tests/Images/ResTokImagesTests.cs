using Microsoft.ML.Data;
using ResTok.MLNet.Encoding;

namespace ResTok.MLNet.Tests;

public class ResTokImagesTests
{
    [Fact]
    public void Pictures_of_the_right_size_pass_unchanged_in_either_pixel_order()
    {
        using MLImage picture = PipelineData.Picture(1);
        byte[] swapped = picture.Pixels.ToArray();
        for (int i = 0; i < swapped.Length; i += 4)
            (swapped[i], swapped[i + 2]) = (swapped[i + 2], swapped[i]);
        using MLImage bgra = MLImage.CreateFromPixels(32, 32, MLPixelFormat.Bgra32, swapped);
        Assert.Equal(ResTokImages.FitRgb(picture, 32, ResTokResize.Exact), ResTokImages.FitRgb(bgra, 32, ResTokResize.Exact));
        using MLImage fitted = ResTokImages.Fit(picture, 32);
        Assert.True(fitted.Pixels.SequenceEqual(picture.Pixels));
    }

    /// <summary>
    /// A row 0, 100, 200, 50 halved: the filter spans 8 source pixels, cut at the border, with the cubic at 0.25, 0.75, 1.25 and
    /// 1.75, whose values are 0.8671875, 0.2265625, −0.0703125 and −0.0234375.
    /// </summary>
    [Fact]
    public void Halving_a_row_gives_the_values_computed_by_hand()
    {
        byte[] row = [.. new byte[] { 0, 100, 200, 50 }.SelectMany(value => new[] { value, value, value })];
        double[] near = [0.8671875, 0.8671875, 0.2265625, -0.0703125];
        double left = (0 * near[0] + 100 * near[1] + 200 * near[2] + 50 * near[3]) / near.Sum();
        double right = (50 * near[0] + 200 * near[1] + 100 * near[2] + 0 * near[3]) / near.Sum();
        byte[] half = Resampler.Resize(row, 4, 1, 2, 1);
        Assert.Equal([(byte)Math.Round(left), (byte)Math.Round(right)], new[] { half[0], half[3] });
    }

    [Theory]
    [InlineData(64, 48)]
    [InlineData(48, 64)]
    [InlineData(20, 500)]
    [InlineData(1, 1)]
    [InlineData(33, 33)]
    public void Any_size_fits_and_a_plain_picture_stays_plain(int width, int height)
    {
        byte[] pixels = [.. Enumerable.Range(0, width * height).SelectMany(_ => new byte[] { 10, 128, 250, 255 })];
        using MLImage picture = MLImage.CreateFromPixels(width, height, MLPixelFormat.Rgba32, pixels);
        foreach (ResTokResize resize in new[] { ResTokResize.ShorterEdgeCrop, ResTokResize.Stretch })
        {
            byte[] rgb = ResTokImages.FitRgb(picture, 32, resize);
            Assert.Equal(3 * 32 * 32, rgb.Length);
            Assert.All(rgb.Chunk(3), pixel => Assert.Equal([10, 128, 250], pixel));
        }
    }

    [Fact]
    public void The_centre_is_cut_out()
    {
        // Three squares side by side: red, green, blue.
        byte[] pixels = [.. Enumerable.Range(0, 96 * 32).SelectMany(i => (i % 96 / 32) switch
        {
            0 => new byte[] { 255, 0, 0, 255 },
            1 => [0, 255, 0, 255],
            _ => [0, 0, 255, 255],
        })];
        using MLImage picture = MLImage.CreateFromPixels(96, 32, MLPixelFormat.Rgba32, pixels);
        Assert.All(ResTokImages.FitRgb(picture, 32, ResTokResize.ShorterEdgeCrop).Chunk(3), pixel => Assert.Equal([0, 255, 0], pixel));
    }
}
