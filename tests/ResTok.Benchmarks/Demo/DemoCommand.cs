using System.Globalization;
using ResTok.Benchmarks.Measuring;
using ResTok.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Demo;

/// <summary>
/// What the demo model's card says beside the figures of <c>restok evaluate</c>: whether photographs are known again, and whether generated ones
/// are copies. It writes the held-out images as shards, which that command reads, and sheets for people to look at.
/// </summary>
/// <param name="model">The folder of <c>tokenizer</c> and <c>generator</c>.</param>
/// <param name="photographsFolder">Webdataset shards, as of <c>examples/TrainDemo</c>.</param>
/// <param name="output">Where to write.</param>
/// <param name="ofClass">Of each class the judge learns from so many photographs at most, which takes the network's time.</param>
/// <param name="searchSteps">Of the search for the tokens of reconstructions; 0 for the encoder's.</param>
/// <param name="samples">Generated images of each class, for each setting.</param>
/// <param name="settings">How to sample, one after another.</param>
internal sealed class DemoCommand(string model, string photographsFolder, string output, int ofClass, int searchSteps, int samples, IReadOnlyList<SamplingOptions> settings)
{
    private const int Batch = 16, Soft = 16;

    public void Run()
    {
        Directory.CreateDirectory(output);
        Photographs photographs = Photographs.Read(photographsFolder);
        HeldOutShards.Write(Path.Combine(output, "held-out"), photographs);
        Photographs.Photograph[] heldOut = [.. photographs.HeldOut.Where(photograph => photograph.Label >= 0)];
        Photographs.Photograph[] learned = [.. photographs.Learned.Where(photograph => photograph.Label >= 0)
            .GroupBy(photograph => photograph.Label).OrderBy(group => group.Key).SelectMany(group => group.Take(ofClass))];

        using ImageTokenizer tokenizer = ImageTokenizer.Load(Path.Combine(model, "tokenizer"));
        using ImageGenerator generator = ImageGenerator.Load(Path.Combine(model, "generator"));
        byte[][] rebuilt = Rebuild(tokenizer, heldOut, searchSteps);
        ReaderSheets.Write(Path.Combine(output, "readers"), Path.Combine(output, "readers-key"), heldOut, rebuilt, generator.Config.ClassNames!);

        using var features = new ResNet18Features(Path.Combine(output, "features"));
        int[] labels = [.. heldOut.Select(photograph => photograph.Label)];
        var judge = new Judge(
            [.. View.Learned.SelectMany(view => Seen("learned", learned, view))], [.. View.Learned.SelectMany(_ => learned.Select(photograph => photograph.Label))]);
        (float[][] ofRebuilt, double ofClasses) = Judged($"rebuilt {searchSteps}", rebuilt, labels);
        Console.WriteLine(FormattableString.Invariant($"The judge, of {learned.Length} photographs: right on {Known(0):0.0 %} of {labels.Length} held out, {Known(DrawingRow.Side):0.0 %} of them in the model's size, {Known(Soft):0.0 %} made as small as {Soft} pixels, {ofClasses:0.0 %} of their reconstructions."));

        float[][] ofLearned = Seen("learned", learned, View.Small), ofHeldOut = Seen("held-out", heldOut, View.Small);
        var copying = new Copying(photographs.Learned.Where(photograph => photograph.Label >= 0), learned, ofLearned);
        Console.WriteLine(copying.Describe("held-out photographs", [.. heldOut.Select(photograph => photograph.Pixels)], ofHeldOut, labels));
        Console.WriteLine(copying.Describe("their reconstructions", rebuilt, ofRebuilt, labels));

        int first = Drawings.Classes.Count, classes = generator.Config.Classes - first;
        int[] wanted = [.. Enumerable.Range(0, classes * samples).Select(i => first + i % classes)];
        var table = new MarkdownTable("sampling", "in their class", "Fréchet distance", "near by pixels", "near by features");
        foreach (SamplingOptions sampling in settings)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{SamplingOptions.NameOf(sampling.Schedule)} {sampling.GuidanceScale} from {sampling.GuidanceStart}, temperature {sampling.Temperature}, top-k {sampling.TopK}, top-p {sampling.TopP}");
            byte[][] generated = Generate(tokenizer, generator, wanted, sampling);
            (float[][] ofGenerated, double share) = Judged($"generated {samples} {name}", generated, wanted);
            Copying.Neighbour[] nearest = copying.Nearest(generated, ofGenerated, wanted);
            (int byPixels, int byFeatures) = copying.Near(nearest);
            table.Add(name, $"{share:0.0 %}", $"{ResNet18Features.Distance(ofGenerated, ofHeldOut):0.0}", $"{byPixels}", $"{byFeatures}");
            string folder = Directory.CreateDirectory(Path.Combine(output, "generated", name.Replace(' ', '-'))).FullName;
            ReaderSheets.WriteRows(Path.Combine(folder, "generated.png"), [.. wanted.Zip(generated).GroupBy(pair => pair.First).Select(group => group.Select(pair => pair.Second).Take(10).ToArray())], numbered: true);
            Copying.WriteNearest(folder, generated, nearest, most: 12);
            Console.WriteLine($"{name}: {share:0.0 %} in their class.");
        }
        table.Print();

        float[][] Seen(string name, Photographs.Photograph[] photographs, View view) =>
            features.Of($"{name} {view}", photographs, photograph => photograph.Square(Photographs.Photograph.FileSide), view);

        double Known(int softness) => judge.Share(labels, Seen("held-out", heldOut, new(softness, IsMirrored: false)), Seen("held-out", heldOut, new(softness, IsMirrored: true)));

        (float[][] Features, double Share) Judged(string name, byte[][] images, int[] classes)
        {
            float[][] found = features.Of(name, images);
            return (found, judge.Share(classes, found, features.Of($"{name} {View.Mirrored}", images, image => image, View.Mirrored)));
        }
    }

    /// <param name="text">As <c>step,3.75,0.25,1,0,0.95</c>.</param>
    public static SamplingOptions ParseSampling(string text)
    {
        string[] parts = text.Split(',');
        double[] numbers = [.. parts.Skip(1).Select(part => double.Parse(part, CultureInfo.InvariantCulture))];
        return numbers is [double scale, double start, double temperature, double topK, double topP]
            ? new() { Schedule = SamplingOptions.ParseSchedule(parts[0]), GuidanceScale = scale, GuidanceStart = start, Temperature = temperature, TopK = (int)topK, TopP = topP }
            : throw new ArgumentException($"'{text}' is to be as step,3.75,0.25,1,0,0.95.");
    }

    private static byte[][] Rebuild(ImageTokenizer tokenizer, Photographs.Photograph[] photographs, int searchSteps) => [.. photographs.Chunk(Batch).SelectMany(batch =>
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using Tensor tokens = tokenizer.SearchTokens(ResNet18Features.Floats([.. batch.Select(photograph => photograph.Pixels)]), searchSteps);
        return ResNet18Features.Rgba(tokenizer.Decode(tokens));
    })];

    private static byte[][] Generate(ImageTokenizer tokenizer, ImageGenerator generator, int[] classes, SamplingOptions sampling) => [.. classes.Select((label, i) => (Label: label, Row: (long)i)).Chunk(Batch).SelectMany(batch =>
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using Tensor tokens = generator.Generate(new([.. batch.Select(one => one.Label)]) { RowIds = [.. batch.Select(one => one.Row)] }, sampling);
        return ResNet18Features.Rgba(tokenizer.Decode(tokens));
    })];
}
