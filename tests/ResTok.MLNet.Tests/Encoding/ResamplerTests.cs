using ResTok.MLNet.Encoding;

namespace ResTok.MLNet.Tests.Encoding;

/// <summary>The resampler against the same arithmetic without vectors, one value at a time.</summary>
public class ResamplerTests
{
    [Theory]
    [InlineData(500, 375, 341, 256, false)]
    [InlineData(375, 500, 256, 341, false)]
    [InlineData(64, 64, 256, 256, false)] // enlarged
    [InlineData(1200, 901, 281, 211, false)]
    [InlineData(7, 5, 3, 9, false)]
    [InlineData(1, 300, 1, 17, false)]
    [InlineData(300, 1, 17, 1, false)]
    [InlineData(33, 31, 33, 31, false)] // as it is
    [InlineData(13, 17, 5, 4, false)]
    [InlineData(1, 1, 5, 3, false)]
    [InlineData(3000, 21, 9, 7, false)]
    [InlineData(563, 601, 281, 300, true)]
    [InlineData(562, 600, 281, 300, true)]
    public void Vectors_give_what_single_values_give(int width, int height, int newWidth, int newHeight, bool isBox)
    {
        ResamplingFilter filter = isBox ? ResamplingFilter.Box : ResamplingFilter.Bicubic;
        var source = new byte[3 * width * height];
        new Random(width).NextBytes(source);
        for (int i = 0; i < source.Length; i += 7) // edges as steep as can be, which over- and undershoot
            source[i] = (byte)(i % 2 * 255);
        byte[] expected = Plain(source, width, height, newWidth, newHeight, filter);
        Assert.Equal(expected, Resampler.Resize(source, width, height, newWidth, newHeight, filter));
        uint[] plainly = PlainResampler.Resample( // what processors without such vectors run
            source, 3, width, height, ResamplingTaps.Of(filter, width, newWidth, 0, newWidth), ResamplingTaps.Of(filter, height, newHeight, 0, newHeight, 2));
        Assert.Equal(expected, plainly.SelectMany(pixel => BitConverter.GetBytes(pixel)[..3]));
    }

    [Fact]
    public void A_square_is_that_of_the_whole_whatever_the_pixels_bytes()
    {
        const int Width = 301, Height = 187, NewWidth = 103, NewHeight = 64, Left = 19, Side = 64;
        var rgb = new byte[3 * Width * Height];
        new Random(2).NextBytes(rgb);
        byte[] rgba = [.. rgb.Chunk(3).SelectMany(pixel => new byte[] { pixel[0], pixel[1], pixel[2], 77 })];
        byte[] whole = Resampler.Resize(rgb, Width, Height, NewWidth, NewHeight), square = Resampler.ResizeAndCut(rgb, Width, Height, NewWidth, NewHeight, Left, 0, Side);
        uint[] pixels = Resampler.ResizeAndCut(rgba, 4, Width, Height, NewWidth, NewHeight, Left, 0, Side);
        for (int y = 0; y < Side; y++)
        {
            Assert.Equal(whole.AsSpan(3 * (y * NewWidth + Left), 3 * Side), square.AsSpan(3 * y * Side, 3 * Side));
            for (int x = 0; x < Side; x++)
                Assert.Equal(square.AsSpan(3 * (y * Side + x), 3).ToArray(), BitConverter.GetBytes(pixels[y * Side + x])[..3]);
        }
    }

    [Fact]
    public void Planes_are_the_255ths_of_each_colour()
    {
        uint[] pixels = [.. Enumerable.Range(0, 259).Select(i => (uint)((byte)i | (byte)(3 * i) << 8 | (byte)(7 * i) << 16 | 77 << 24))]; // no multiple of a vector
        var planes = new float[3 * pixels.Length];
        ResTokImages.ToPlanes(pixels, planes);
        Assert.Equal(Enumerable.Range(0, 3).SelectMany(colour => pixels.Select(pixel => (byte)(pixel >> (8 * colour)) / 255f)), planes);
    }

    private static byte[] Plain(byte[] source, int width, int height, int newWidth, int newHeight, ResamplingFilter filter)
    {
        byte[] wide = new byte[3 * newWidth * height], result = new byte[3 * newWidth * newHeight];
        for (int x = 0; x < newWidth; x++)
        {
            (int first, int[] weights) = Taps(x, width, newWidth, filter);
            for (int i = 0; i < 3 * height; i++)
                wide[3 * (i / 3 * newWidth + x) + i % 3] = Mix(weights, tap => source[3 * (i / 3 * width + first + tap) + i % 3]);
        }
        for (int y = 0; y < newHeight; y++)
        {
            (int first, int[] weights) = Taps(y, height, newHeight, filter);
            for (int i = 0; i < 3 * newWidth; i++)
                result[3 * newWidth * y + i] = Mix(weights, tap => wide[3 * newWidth * (first + tap) + i]);
        }
        return result;
    }

    private static byte Mix(int[] weights, Func<int, byte> value) =>
        (byte)Math.Clamp(weights.Select((weight, tap) => weight * value(tap)).Aggregate(1 << 21, (sum, part) => sum + part) >> 22, 0, 255);

    private static (int First, int[] Weights) Taps(int x, int size, int newSize, ResamplingFilter filter)
    {
        double scale = (double)size / newSize, filterScale = Math.Max(scale, 1), support = (filter == ResamplingFilter.Bicubic ? 2 : 0.5) * filterScale, center = (x + 0.5) * scale;
        int first = Math.Max((int)(center - support + 0.5), 0), end = Math.Min((int)(center + support + 0.5), size);
        double[] weights = [.. Enumerable.Range(first, end - first).Select(pixel => Weight((pixel - center + 0.5) / filterScale))];
        double sum = weights.Sum();
        return (first, [.. weights.Select(weight => (int)Math.Round(weight / sum * (1 << 22), MidpointRounding.AwayFromZero))]);

        double Weight(double at) => filter == ResamplingFilter.Box ? at is > -0.5 and <= 0.5 ? 1 : 0
            : Math.Abs(at) switch
            {
                < 1 and var near => (1.5 * near - 2.5) * near * near + 1,
                < 2 and var far => (((far - 5) * far + 8) * far - 4) * -0.5,
                _ => 0,
            };
    }
}
