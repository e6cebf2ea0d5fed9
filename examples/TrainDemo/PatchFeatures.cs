using ResTok.Models.Runtime;
using TorchSharp;
using static TorchSharp.torch;

/// <summary>
/// Features of pixels for a linear classifier: how much each of some hundred random patches is found in each part of the picture, and
/// the picture's coarse colours (after Coates, Lee and Ng, "An Analysis of Single-Layer Networks in Unsupervised Feature Learning",
/// 2011). Nothing of the demo model is in them.
/// </summary>
internal sealed class PatchFeatures : IDisposable
{
    /// <summary>Features of a picture.</summary>
    public const int Count = 2 * Patches * Parts * Parts + 3 * ColorParts * ColorParts;

    private const int Patches = 200, Patch = 8, Parts = 3, ColorParts = 4, Sampled = 20_000;
    private const double Threshold = 0.5, Noise = 0.003, Whitening = 0.1;

    private readonly Tensor filters; // [3·P·P, Patches]
    private readonly Tensor mean; // [3·P·P]

    /// <summary>Learns from drawings which patches to look for.</summary>
    /// <param name="first">Number of the first drawing.</param>
    /// <param name="count">How many.</param>
    public PatchFeatures(int first, int count)
    {
        TorchRuntime.EnsureLoaded();
        using var scope = NewDisposeScope();
        var random = new Random(1);
        Tensor[] patches = [.. Enumerable.Range(0, Sampled).Select(i =>
        {
            using var inner = NewDisposeScope();
            Tensor picture = Picture(Drawings.Draw(first + i % count, DrawingRow.Side));
            long row = random.Next((int)picture.shape[2] - Patch + 1), column = random.Next((int)picture.shape[3] - Patch + 1);
            return picture.narrow(2, row, Patch).narrow(3, column, Patch).flatten(1).MoveToOuterDisposeScope(); // [1, 3·P·P]
        })];
        Tensor sampled = Normalize(cat(patches));
        mean = sampled.mean([0]).DetachFromDisposeScope();
        Tensor centred = sampled - mean;
        (Tensor values, Tensor vectors) = linalg.eigh(centred.t().mm(centred) / sampled.shape[0]);
        Tensor whiten = vectors.mm(diag(1 / (values + Whitening).sqrt())).mm(vectors.t());
        long[] some = [.. Enumerable.Range(0, Patches).Select(_ => (long)random.Next(Sampled))];
        Tensor chosen = centred.index_select(0, tensor(some)).mm(whiten);
        filters = whiten.mm((chosen / chosen.norm(1, true)).t()).DetachFromDisposeScope();
    }

    /// <param name="rgba">A drawing's pixels.</param>
    public float[] Of(ReadOnlySpan<byte> rgba)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor picture = Picture(rgba.ToArray()); // [1, 3, 32, 32]
        Tensor found = (Normalize(PatchesOf(picture)) - mean).mm(filters); // [L, Patches]
        int side = (int)Math.Sqrt(found.shape[0]);
        Tensor map = cat([(found - Threshold).relu(), (-found - Threshold).relu()], 1).t().view(1, 2 * Patches, side, side);
        Tensor parts = nn.functional.adaptive_avg_pool2d(map, [Parts, Parts]).flatten().sqrt();
        Tensor colors = nn.functional.adaptive_avg_pool2d(picture, [ColorParts, ColorParts]).flatten();
        return cat([parts, colors]).data<float>().ToArray();
    }

    public void Dispose()
    {
        filters.Dispose();
        mean.Dispose();
    }

    /// <summary>At half size, so that sharpness says little: [1, 3, 32, 32] in [0, 1].</summary>
    private static Tensor Picture(byte[] rgba)
    {
        using var scope = NewDisposeScope();
        Tensor rgb = tensor(rgba, [1, DrawingRow.Side, DrawingRow.Side, 4]).narrow(3, 0, 3).permute(0, 3, 1, 2).to(ScalarType.Float32) / 255;
        return nn.functional.avg_pool2d(rgb, 2).MoveToOuterDisposeScope();
    }

    private static Tensor PatchesOf(Tensor picture) => nn.functional.unfold(picture, Patch).squeeze(0).t(); // [L, 3·P·P]

    private static Tensor Normalize(Tensor patches)
    {
        using var scope = NewDisposeScope();
        Tensor centred = patches - patches.mean([1], true);
        return (centred / (centred.pow(2).mean([1], true) + Noise).sqrt()).MoveToOuterDisposeScope();
    }
}
