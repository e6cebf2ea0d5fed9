using ResTok.MLNet.Encoding;

namespace ResTok.MLNet.Training;

/// <summary>Random crop and flip of images to train on (reference <c>dataset/augmentation.py</c>).</summary>
/// <param name="size">Side of the square to cut, in pixels.</param>
/// <param name="crop">Whether to cut at random: the shorter edge becomes 1 to 1.25 times the square's; otherwise as for encoding.</param>
/// <param name="flip">Whether to mirror every second image on average.</param>
internal sealed class ImageAugmentation(int size, bool crop, bool flip)
{
    private const double SmallestShare = 0.8; // of the shorter edge that a crop keeps

    /// <summary>The square's pixels, interleaved RGB as those of the image.</summary>
    public byte[] Apply(byte[] rgb, int width, int height, Random random)
    {
        byte[] square = crop ? RandomCrop(rgb, width, height, random) : ResTokImages.CenterCrop(rgb, width, height, size);
        return flip && random.Next(2) == 0 ? Mirror(square) : square;
    }

    private byte[] RandomCrop(byte[] rgb, int width, int height, Random random)
    {
        int edge = random.Next(size, (int)Math.Ceiling(size / SmallestShare) + 1);
        while (Math.Min(width, height) >= 2 * edge)
            (rgb, width, height) = (Halve(rgb, width, height), width / 2, height / 2);
        double scale = (double)edge / Math.Min(width, height);
        long newWidth = Math.Max(size, (long)Math.Round(width * scale)), newHeight = Math.Max(size, (long)Math.Round(height * scale));
        return Resampler.ResizeAndCut(
            rgb, width, height, newWidth, newHeight, random.NextInt64(newWidth - size + 1), random.NextInt64(newHeight - size + 1), size);
    }

    /// <summary>Averages squares of four pixels.</summary>
    private static byte[] Halve(byte[] rgb, int width, int height)
    {
        int newWidth = width / 2, newHeight = height / 2;
        var result = new byte[3 * newWidth * newHeight];
        for (int y = 0; y < newHeight; y++)
        {
            for (int i = 0; i < 3 * newWidth; i++)
            {
                int at = 3 * (2 * y * width + 2 * (i / 3)) + i % 3;
                result[3 * newWidth * y + i] = (byte)((rgb[at] + rgb[at + 3] + rgb[at + 3 * width] + rgb[at + 3 * width + 3] + 2) / 4);
            }
        }
        return result;
    }

    private byte[] Mirror(byte[] rgb)
    {
        var result = new byte[rgb.Length];
        for (int y = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++)
                rgb.AsSpan(3 * (y * size + x), 3).CopyTo(result.AsSpan(3 * (y * size + size - 1 - x)));
        }
        return result;
    }
}
