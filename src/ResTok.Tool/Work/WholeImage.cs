using ResTok.MLNet;
using ResTok.MLNet.Images;

namespace ResTok.Tool.Work;

/// <summary>One view, as the reference evaluates and <c>ResTokEncode</c> encodes: shorter edge to the side, centre crop.</summary>
internal sealed class WholeImage(int side) : IImageViews
{
    public int Count => 1;

    public int Side => side;

    public int ShorterEdge => side;

    public string Description => $"shorter edge to {side}, bicubic, centre crop";

    public void Cut(DecodedImage image, Span<float> target) => ResTokImages.FitPlanes(image, side, target);
}
