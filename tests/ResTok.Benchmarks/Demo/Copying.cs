using System.Numerics.Tensors;

namespace ResTok.Benchmarks.Demo;

/// <summary>
/// Whether images are copies: how many are nearer to some photograph of their class that was learned from than 1 % of such photographs are to the
/// one that is nearest to them, by pixels (mirrored too) and by the features of a ResNet-18, to which softness is no nearness.
/// </summary>
internal sealed class Copying
{
    private const double Quantile = 0.01;

    private readonly ILookup<int, Seen> seen;
    private readonly ILookup<int, Known> known;

    /// <param name="all">Photographs that were learned from.</param>
    /// <param name="some">Some of them.</param>
    /// <param name="features">Of each of those.</param>
    public Copying(IEnumerable<Photographs.Photograph> all, Photographs.Photograph[] some, float[][] features)
    {
        seen = all.ToLookup(photograph => photograph.Label, photograph => new Seen(photograph.Pixels));
        known = some.Zip(features).ToLookup(pair => pair.First.Label, pair => new Known(pair.First.Pixels, pair.Second[^ResNet18Features.Last..]));
        PixelLimit = QuantileOf(seen, (a, b) => a.DistanceTo(b.Pixels));
        FeatureLimit = QuantileOf(known, (a, b) => TensorPrimitives.Distance<float>(a.Features, b.Features));
    }

    /// <summary>Root mean square difference, of 255.</summary>
    public double PixelLimit { get; }

    public double FeatureLimit { get; }

    /// <summary>How many are nearer than the limits.</summary>
    public (int ByPixels, int ByFeatures) Near(Neighbour[] nearest) =>
        (nearest.Count(one => one.ByPixels.Distance < PixelLimit), nearest.Count(one => one.ByFeatures.Distance < FeatureLimit));

    public string Describe(string name, byte[][] images, float[][] features, int[] labels)
    {
        Neighbour[] nearest = Nearest(images, features, labels);
        (int byPixels, int byFeatures) = Near(nearest);
        return FormattableString.Invariant($"Of {nearest.Length} {name}, {byPixels} are nearer by pixels than {PixelLimit:0.0} (the nearest {nearest.Min(one => one.ByPixels.Distance):0.0}), ")
            + FormattableString.Invariant($"{byFeatures} by features than {FeatureLimit:0.00} (the nearest {nearest.Min(one => one.ByFeatures.Distance):0.00}).");
    }

    /// <summary>Draws those that are nearest to a photograph, each beside it: <c>nearest-by-pixels.png</c>, <c>nearest-by-features.png</c>.</summary>
    public static void WriteNearest(string folder, byte[][] images, Neighbour[] nearest, int most)
    {
        Write("pixels", one => one.ByPixels);
        Write("features", one => one.ByFeatures);

        void Write(string name, Func<Neighbour, (double Distance, byte[] Rgba)> by) => ReaderSheets.WriteRows(Path.Combine(folder, $"nearest-by-{name}.png"),
            [.. nearest.Select((one, i) => (Image: images[i], Near: by(one))).OrderBy(pair => pair.Near.Distance).Take(most).Chunk(3).Select(row => row.SelectMany(pair => new[] { pair.Image, pair.Near.Rgba }).ToArray())]);
    }

    /// <summary>Of each image the photograph of its class that is nearest.</summary>
    public Neighbour[] Nearest(byte[][] images, float[][] features, int[] labels)
    {
        var nearest = new Neighbour[images.Length];
        Parallel.For(0, images.Length, i =>
        {
            float[] pixels = Rgb(images[i], false), last = features[i][^ResNet18Features.Last..];
            nearest[i] = new(
                seen[labels[i]].Select(one => (Distance: one.DistanceTo(pixels), one.Rgba)).MinBy(pair => pair.Distance),
                known[labels[i]].Select(one => (Distance: (double)TensorPrimitives.Distance<float>(last, one.Features), one.Rgba)).MinBy(pair => pair.Distance));
        });
        return nearest;
    }

    private static double QuantileOf<T>(ILookup<int, T> photographs, Func<T, T, double> distance)
        where T : class
    {
        double[] all = [.. photographs.Select(group => group.ToArray()).SelectMany(ofClass => ofClass.AsParallel()
            .Select(one => ofClass.Where(other => other != one).Select(other => distance(one, other)).DefaultIfEmpty(double.PositiveInfinity).Min())).Order()];
        return all[(int)(Quantile * all.Length)];
    }

    private static double Rms(float[] a, float[] b) => TensorPrimitives.Distance<float>(a, b) / Math.Sqrt(a.Length);

    private static float[] Rgb(byte[] rgba, bool isMirrored)
    {
        const int Side = DrawingRow.Side;
        var rgb = new float[3 * Side * Side];
        for (int i = 0; i < Side * Side; i++)
        {
            int from = isMirrored ? i / Side * Side + Side - 1 - i % Side : i;
            for (int channel = 0; channel < 3; channel++)
                rgb[3 * i + channel] = rgba[4 * from + channel];
        }
        return rgb;
    }

    private sealed class Seen(byte[] rgba)
    {
        private readonly float[] mirrored = Rgb(rgba, true);

        public byte[] Rgba => rgba;

        public float[] Pixels { get; } = Rgb(rgba, false);

        public double DistanceTo(float[] pixels) => Math.Min(Rms(pixels, Pixels), Rms(pixels, mirrored));
    }

    private sealed record Known(byte[] Rgba, float[] Features);

    public readonly record struct Neighbour((double Distance, byte[] Rgba) ByPixels, (double Distance, byte[] Rgba) ByFeatures);
}
