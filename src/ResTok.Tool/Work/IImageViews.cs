using ResTok.MLNet.Images;

namespace ResTok.Tool.Work;

/// <summary>What is encoded of an image: squares of the model's side.</summary>
internal interface IImageViews
{
    /// <summary>Squares of an image.</summary>
    int Count { get; }

    /// <summary>Their side in pixels.</summary>
    int Side { get; }

    /// <summary>What the image's shorter edge becomes before they are cut, in pixels.</summary>
    int ShorterEdge { get; }

    /// <summary>How they are made, for the metadata of a table.</summary>
    string Description { get; }

    /// <param name="image">The image.</param>
    /// <param name="target">Gets, of each view, planar RGB in [0, 1].</param>
    void Cut(DecodedImage image, Span<float> target);
}
