using ResTok.Benchmarks.Measuring;
using ResTok.MLNet.Encoding;

namespace ResTok.Benchmarks.Commands;

/// <summary>Resizing photographs to the models' sides, with vectors and one value at a time, in turns.</summary>
internal sealed class ResamplingCommand(BenchmarkSettings settings)
{
    private const int CallsOfARound = 40;

    public void Run()
    {
        var table = new MarkdownTable("from", "to", "one value at a time, ms", "vectors, ms", "times as fast");
        foreach ((int width, int height, int side) in new[] { (500, 375, 256), (128, 128, 64), (2000, 1500, 256) })
        {
            var pixels = new byte[4 * width * height];
            new Random(1).NextBytes(pixels);
            long newWidth = (long)side * width / height, left = (newWidth - side) / 2;
            ResamplingTaps Across() => ResamplingTaps.Of(ResamplingFilter.Bicubic, width, newWidth, left, side);
            ResamplingTaps Down() => ResamplingTaps.Of(ResamplingFilter.Bicubic, height, side, 0, side, 2);
            Samples plain = new(), vectors = new();
            for (int round = 0; round <= settings.Rounds; round++)
            {
                for (int call = 0; call < CallsOfARound; call++)
                {
                    Samples plainly = round == 0 ? new() : plain, quickly = round == 0 ? new() : vectors; // the first warms up
                    plainly.Time(() => PlainResampler.Resample(pixels, 4, width, height, Across(), Down()));
                    quickly.Time(() => Resampler.Resample(pixels, 4, width, height, Across(), Down()));
                }
            }
            table.Add($"{width} x {height}", $"{side} x {side}", $"{1000 * plain.Median:0.000}", $"{1000 * vectors.Median:0.000}", $"{plain.Over(vectors):0.0}");
        }
        table.Print();
        Console.WriteLine("On one thread, weights and memory of the result included. Both give the same bits, as tests see.");
    }
}
