using ResTok.Models.Training;

namespace ResTok.Models.Tests.Training;

/// <summary>The same samples every epoch, rotated by one.</summary>
internal sealed class ListData<T>(params IReadOnlyList<T> samples) : ITrainingData<T>
{
    public IEnumerable<Lazy<T>> Read(int epoch) => samples.Select((_, i) => new Lazy<T>(() => samples[(i + epoch) % samples.Count]));
}

internal static class TrainingImages
{
    /// <summary>Images of S×S pixels with a coloured disc each.</summary>
    public static byte[][] Discs(int count, int side) => [.. Enumerable.Range(0, count).Select(n =>
    {
        var random = new Random(n);
        double x = side * random.NextDouble(), y = side * random.NextDouble(), radius = side * (0.2 + 0.3 * random.NextDouble());
        var inside = new byte[3];
        var outside = new byte[3];
        random.NextBytes(inside);
        random.NextBytes(outside);
        var pixels = new byte[3 * side * side];
        for (int i = 0; i < side * side; i++)
            (Math.Pow(i % side - x, 2) + Math.Pow(i / side - y, 2) < radius * radius ? inside : outside).CopyTo(pixels, 3 * i);
        return pixels;
    })];

    public static TokenSample[] Samples(int count, GeneratorConfig config) => [.. Enumerable.Range(0, count).Select(n =>
    {
        var random = new Random(n);
        return new TokenSample(n % config.Classes, [.. Enumerable.Range(0, config.Tokens).Select(_ => random.Next(config.CodebookSize))]);
    })];
}
