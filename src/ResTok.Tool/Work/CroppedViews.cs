using ResTok.MLNet;
using ResTok.MLNet.Encoding;
using ResTok.MLNet.Images;

namespace ResTok.Tool.Work;

/// <summary>
/// The views of the reference's code extraction (<c>extract_codes_c2i.py</c>): its centre crop, then the whole of it, it and its mirror
/// image, or four corners and the middle of it and of its mirror image.
/// </summary>
internal sealed class CroppedViews : IImageViews
{
    private readonly int square; // side of the centre crop
    private readonly (int Top, int Left, bool Mirrored)[] views;

    /// <param name="side">The model's side.</param>
    /// <param name="count">1, 2 or 10.</param>
    /// <param name="cropRange">With ten, how much larger the centre crop is, 1 or more; officially 1.1.</param>
    public CroppedViews(int side, int count, double cropRange)
    {
        if (count is not (1 or 2 or 10))
            throw new ArgumentOutOfRangeException(nameof(count), count, "There are 1, 2 or 10 views of an image.");
        if (!(cropRange is >= 1 and <= 16))
            throw new ArgumentOutOfRangeException(nameof(cropRange), cropRange, "The crop range must be from 1 to 16.");
        Side = side;
        square = count == 10 ? (int)(side * cropRange) : side;
        int last = square - side, middle = (int)Math.Round(last / 2.0); // to even, as Python
        (int Top, int Left)[] places = count == 10 ? [(0, 0), (0, last), (last, 0), (last, last), (middle, middle)] : [(0, 0)];
        views = [.. places.Select(place => (place.Top, place.Left, false)), .. count == 1 ? [] : places.Select(place => (place.Top, place.Left, true))];
        Description = $"halved by boxes, shorter edge to {square}, bicubic, centre crop; {count} views of {side}{(count == 10 ? ": corners and middle, then of the mirror image" : count == 2 ? ": as it is, mirrored" : "")}";
    }

    public int Count => views.Length;

    public int Side { get; }

    public int ShorterEdge => square;

    public string Description { get; }

    public void Cut(DecodedImage image, Span<float> target)
    {
        uint[] crop = CenterCrop(image);
        var view = new uint[Side * Side];
        for (int i = 0; i < views.Length; i++)
        {
            (int top, int left, bool mirrored) = views[i];
            for (int y = 0; y < Side; y++)
            {
                Span<uint> row = view.AsSpan(y * Side, Side);
                crop.AsSpan((top + y) * square + (mirrored ? square - left - Side : left), Side).CopyTo(row);
                if (mirrored)
                    row.Reverse();
            }
            ResTokImages.ToPlanes(view, target.Slice(i * 3 * Side * Side, 3 * Side * Side));
        }
    }

    /// <summary>That of guided diffusion: halved while the shorter edge is twice the square or more, then resized, then cut.</summary>
    private uint[] CenterCrop(DecodedImage image)
    {
        int width = image.Width, height = image.Height, bytesPerPixel = 4;
        byte[]? halved = null;
        while (Math.Min(width, height) >= 2 * square)
        {
            halved = Resampler.Resize(halved ?? ResTokImages.Rgb(image), width, height, width / 2, height / 2, ResamplingFilter.Box);
            (width, height, bytesPerPixel) = (width / 2, height / 2, 3);
        }
        double scale = (double)square / Math.Min(width, height);
        int newWidth = (int)Math.Round(width * scale), newHeight = (int)Math.Round(height * scale);
        return Resampler.ResizeAndCut(halved ?? image.Pixels, bytesPerPixel, width, height, newWidth, newHeight, (newWidth - square) / 2, (newHeight - square) / 2, square);
    }
}
