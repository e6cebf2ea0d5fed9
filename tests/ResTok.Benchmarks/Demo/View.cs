using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Demo;

/// <summary>How the judge sees an image.</summary>
/// <param name="Softness">The side in pixels that it is made small to first, and so how soft it is; 0 as it is.</param>
/// <param name="IsMirrored">Whether mirrored.</param>
internal readonly record struct View(int Softness, bool IsMirrored)
{
    public static View AsIs => default;

    public static View Mirrored { get; } = new(0, IsMirrored: true);

    /// <summary>In the model's size, so as sharp as it could give it back.</summary>
    public static View Small { get; } = new(DrawingRow.Side, IsMirrored: false);

    /// <summary>What the judge learns from, of each photograph: sharp ones and soft ones, for it is to tell classes and not sharpness.</summary>
    public static IReadOnlyList<View> Learned { get; } = [AsIs, Mirrored, Small, new(24, IsMirrored: true), new(16, IsMirrored: false)];

    /// <param name="images">[B, 3, S, S].</param>
    /// <returns>In any size.</returns>
    public Tensor Of(Tensor images)
    {
        Tensor seen = IsMirrored ? images.flip(3) : images;
        return Softness == 0 ? seen : nn.functional.interpolate(seen, [Softness, Softness], mode: InterpolationMode.Bilinear, align_corners: false, antialias: true);
    }

    public override string ToString() => Softness == 0 ? IsMirrored ? "mirrored" : "as it is" : FormattableString.Invariant($"{Softness} pixels{(IsMirrored ? " mirrored" : "")}");
}
