using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.Models;

namespace ResTok.MLNet.DemoModel.Tests;

public sealed class DemoModelTests : IDisposable
{
    private const int HeldOut = 1_200_050_000, Count = 110;

    private readonly MLContext ml = new(seed: 1);
    private readonly ResTokTokenizer restok = ResTokTokenizer.Demo();
    private readonly ResTokGenerator generator = ResTokGenerator.Demo();

    public void Dispose()
    {
        restok.Dispose();
        generator.Dispose();
    }

    [Fact]
    public void Demo_opens_too_where_extension_members_are_invisible()
    {
        using var tokenizer = (ResTokTokenizer)typeof(DemoTokenizer).GetMethod("Demo", Type.EmptyTypes)!.Invoke(null, null)!;
        using var network = (ResTokGenerator)typeof(DemoGenerator).GetMethod("Demo", Type.EmptyTypes)!.Invoke(null, null)!;
        Assert.Equal((restok.Config, generator.Config), (tokenizer.Config, network.Config));
    }

    [Fact]
    public void Every_level_brings_held_out_drawings_closer_up_to_22_dB()
    {
        var levels = new TokenLevels(restok.Config.LatentTokens);
        int[] counts = [.. levels.Offsets.Skip(1), levels.TokenCount];
        IDataView drawings = DrawingRow.View(ml, HeldOut, Count);
        IEstimator<ITransformer> pipeline = ml.Transforms.ResTokEncode("Tokens", "Image", restok);
        foreach (int count in counts)
            pipeline = pipeline.Append(ml.Transforms.ResTokDecode($"From{count}", "Tokens", restok, count));
        IDataView view = pipeline.Fit(drawings).Transform(drawings);

        var psnr = new double[counts.Length];
        using DataViewRowCursor row = view.GetRowCursor(view.Schema);
        ValueGetter<MLImage> original = row.GetGetter<MLImage>(view.Schema["Image"]);
        ValueGetter<MLImage>[] decoded = [.. counts.Select(count => row.GetGetter<MLImage>(view.Schema[$"From{count}"]))];
        while (row.MoveNext())
        {
            MLImage drawing = null!;
            original(ref drawing); // the view's own
            for (int i = 0; i < counts.Length; i++)
            {
                MLImage made = null!;
                decoded[i](ref made);
                using (made)
                    psnr[i] += Psnr(drawing, made) / Count;
            }
        }
        Assert.Equal(psnr.Order(), psnr);
        Assert.InRange(psnr[^1], 22, 40);
    }

    [Fact]
    public void A_search_brings_held_out_drawings_half_a_decibel_closer_and_not_at_the_cost_of_leading_tokens()
    {
        IDataView drawings = DrawingRow.View(ml, HeldOut, 4);
        (double All, double Leading) With(int steps)
        {
            IDataView view = ml.Transforms.ResTokEncode("Tokens", "Image", restok, new() { SearchSteps = steps })
                .Append(ml.Transforms.ResTokDecode("Rebuilt", "Tokens", restok))
                .Append(ml.Transforms.ResTokDecode("Leading", "Tokens", restok, tokenCount: 16)).Fit(drawings).Transform(drawings);
            return (ml.Images().EvaluateReconstruction(view, "Image", "Rebuilt").Psnr, ml.Images().EvaluateReconstruction(view, "Image", "Leading").Psnr);
        }
        (double before, double leadingBefore) = With(0);
        (double after, double leadingAfter) = With(12);
        Assert.True(after > before + 0.5, $"{before:0.00} dB became {after:0.00} dB.");
        Assert.True(leadingAfter > leadingBefore, $"From 16 tokens, {leadingBefore:0.00} dB became {leadingAfter:0.00} dB.");
    }

    [Fact]
    public void Held_out_drawings_use_most_of_the_codebook()
    {
        IDataView drawings = DrawingRow.View(ml, HeldOut, 2 * Count);
        int used = ml.Transforms.ResTokEncode("Tokens", "Image", restok).Fit(drawings).Transform(drawings)
            .GetColumn<int[]>("Tokens").SelectMany(tokens => tokens).Distinct().Count();
        Assert.InRange((double)used / restok.Config.CodebookSize, 0.6, 1);
    }

    [Fact]
    public void The_classes_are_those_of_the_drawings_and_of_photographs()
    {
        Assert.Equal(Drawings.Classes, DemoGenerator.Classes.Take(Drawings.Classes.Count));
        Assert.Superset(new HashSet<string> { "daisy", "T-shirt", "tomato", "five" }, new HashSet<string>(DemoGenerator.Classes));
        Assert.Equal(DemoGenerator.Classes.Count, generator.Config.Classes);
        Assert.Equal(restok.Config.CodebookSize, generator.Config.CodebookSize);
        Assert.Equal(restok.Config.LatentTokens, generator.Config.Tokens);
    }

    [Fact]
    public void Generated_images_of_a_class_are_nearer_to_its_drawings_than_to_those_of_another()
    {
        // Two classes whose mean images differ: light from above and below.
        int[] labels = [.. new[] { "sunset", "house" }.Select(name => DemoGenerator.Classes.ToList().IndexOf(name))];
        const int OfEach = 12;
        IDataView wishes = ml.Data.LoadFromEnumerable(from label in labels from seed in Enumerable.Range(0, OfEach) select new Wish { Label = label, Seed = seed });
        IDataView made = ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { SeedColumnName = "Seed" })
            .Append(ml.Transforms.ResTokDecode("Image", "Tokens", restok)).Fit(wishes).Transform(wishes);
        double[][] images = [.. made.GetColumn<MLImage>("Image").Select(Pixels)];
        double[][] means = [.. labels.Select(label => Mean([.. Enumerable.Range(HeldOut, 2000).Where(number => Drawings.ClassOf(number) == label).Select(number => Drawings.Draw(number, DrawingRow.Side).Select(value => (double)value).ToArray())]))];
        int right = images.Where((image, i) => Distance(image, means[i / OfEach]) < Distance(image, means[1 - i / OfEach])).Count();
        Assert.InRange(right, 2 * OfEach * 3 / 4, 2 * OfEach);
        Assert.Equal(images.Length, images.Select(image => string.Join(' ', image)).Distinct().Count());
    }

    private static double Psnr(MLImage a, MLImage b) => 10 * Math.Log10(255 * 255 / (Distance(Pixels(a.Pixels), Pixels(b.Pixels)) * 4 / 3)); // alpha is the same

    private static double[] Pixels(MLImage image)
    {
        using (image)
            return Pixels(image.Pixels);
    }

    private static double[] Pixels(ReadOnlySpan<byte> pixels) => Array.ConvertAll(pixels.ToArray(), value => (double)value);

    private static double[] Mean(double[][] images) => [.. Enumerable.Range(0, images[0].Length).Select(i => images.Average(image => image[i]))];

    private static double Distance(double[] a, double[] b) => a.Zip(b, (x, y) => (x - y) * (x - y)).Average();

    private sealed class Wish
    {
        public int Label { get; set; }

        public int Seed { get; set; }
    }
}
