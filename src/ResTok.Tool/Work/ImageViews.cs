namespace ResTok.Tool.Work;

/// <summary>How images become views, as a plan says it.</summary>
/// <param name="Views">0 for one view as <c>ResTokEncode</c> makes it; else 1, 2 or 10 of the reference's extraction.</param>
/// <param name="CropRange">Of ten views.</param>
/// <param name="ScaledDecoding">Whether JPEG files are decoded at a half, a quarter or an eighth where that is enough.</param>
internal sealed record ImageViews(int Views, double CropRange, bool ScaledDecoding = false)
{
    public static ImageViews Encoding { get; } = new(0, 1);

    public IImageViews For(int side) => Views == 0 ? new WholeImage(side) : new CroppedViews(side, Views, CropRange);
}
