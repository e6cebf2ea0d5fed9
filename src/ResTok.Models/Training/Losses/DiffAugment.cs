using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training.Losses;

/// <summary>
/// Differentiable augmentation of what a discriminator sees (Zhao et al., 2020; reference <c>diff_aug.py</c>): colour, translation and
/// cutout, each for the whole batch with probability one half.
/// </summary>
internal static class DiffAugment
{
    private const double Probability = 0.5, LargestShift = 0.125, Hole = 0.2;

    /// <param name="x">[B, 3, S, S] in [0, 1].</param>
    /// <param name="generator">What to draw from.</param>
    public static Tensor Apply(Tensor x, torch.Generator generator)
    {
        using var scope = NewDisposeScope();
        if (Chance(generator))
            x = Color(x, generator);
        if (Chance(generator))
            x = Translate(x, generator);
        if (Chance(generator))
            x = Cutout(x, generator);
        return x.alias().MoveToOuterDisposeScope();
    }

    private static bool Chance(torch.Generator generator)
    {
        using Tensor draw = rand(1, generator: generator);
        return draw.item<float>() <= Probability;
    }

    /// <summary>Brightness ± 0.5, saturation × 0 to 2, contrast × 0.5 to 1.5, drawn for each image.</summary>
    private static Tensor Color(Tensor x, torch.Generator generator)
    {
        x = x + (Draw(x, generator) - 0.5);
        Tensor grey = x.mean([1], keepdim: true);
        x = (x - grey) * (Draw(x, generator) * 2) + grey;
        Tensor level = x.mean([1, 2, 3], keepdim: true);
        return (x - level) * (Draw(x, generator) + 0.5) + level;
    }

    /// <summary>Shifts each image by up to an eighth; what comes in is zero.</summary>
    private static Tensor Translate(Tensor x, torch.Generator generator)
    {
        long side = x.shape[2];
        int most = (int)(side * LargestShift + 0.5);
        Tensor padded = nn.functional.pad(x, [most, most, most, most]);
        return stack([.. Enumerable.Range(0, (int)x.shape[0]).Select(i =>
            padded[i].narrow(1, Integer(2 * most + 1, generator), side).narrow(2, Integer(2 * most + 1, generator), side))]);
    }

    /// <summary>Blackens a square of a fifth of the side in each image, or what of it lies inside.</summary>
    private static Tensor Cutout(Tensor x, torch.Generator generator)
    {
        int side = (int)x.shape[2], hole = (int)(side * Hole + 0.5);
        Tensor mask = ones(x.shape[0], 1, side, side, device: x.device);
        for (int i = 0; i < x.shape[0]; i++)
        {
            int Edge(int center, int offset) => Math.Clamp(center - hole / 2 + offset, 0, side);
            int row = Integer(side + (1 - hole % 2), generator), column = Integer(side + (1 - hole % 2), generator);
            int top = Edge(row, 0), left = Edge(column, 0);
            mask[i].narrow(1, top, Edge(row, hole) - top).narrow(2, left, Edge(column, hole) - left).zero_();
        }
        return x * mask;
    }

    private static Tensor Draw(Tensor x, torch.Generator generator) => rand([x.shape[0], 1, 1, 1], generator: generator).to(x.device);

    private static int Integer(int below, torch.Generator generator)
    {
        using Tensor draw = randint(0, below, [1], generator: generator);
        return (int)draw.to(ScalarType.Int64).item<long>();
    }
}
