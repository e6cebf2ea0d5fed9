using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training.Losses;

/// <summary>Cuts two batches of images alike at random before a perceptual loss compares them, so that no grid of its network shows (reference <c>lpips.py</c>).</summary>
internal static class RandomShift
{
    private const int Border = 15; // pixels at most, on each side

    /// <param name="x">[B, 3, S, S] in [0, 1].</param>
    /// <param name="y">[B, 3, S, S] in [0, 1].</param>
    /// <param name="random">What to draw from.</param>
    /// <returns>Both, moved and stretched a little.</returns>
    public static (Tensor X, Tensor Y) Of(Tensor x, Tensor y, Random random)
    {
        using var scope = NewDisposeScope();
        long side = x.shape[2];
        int top = random.Next(Border + 1), bottom = random.Next(Border + 1), left = random.Next(Border + 1), right = random.Next(Border + 1);
        Tensor Cut(Tensor image) => nn.functional.interpolate(
            nn.functional.pad(image, [Border, Border, Border, Border], PaddingModes.Replicate)
                .narrow(2, top, side + 2 * Border - top - bottom).narrow(3, left, side + 2 * Border - left - right),
            [side, side], mode: InterpolationMode.Bicubic, align_corners: false);
        return (Cut(x).MoveToOuterDisposeScope(), Cut(y).MoveToOuterDisposeScope());
    }
}
