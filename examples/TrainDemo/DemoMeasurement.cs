using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet;
using ResTok.Models;

/// <summary>Measures a trained demo model on drawings that no training saw, and draws pictures of what it can do.</summary>
/// <param name="ml">Where.</param>
/// <param name="restok">The tokenizer.</param>
/// <param name="generator">The generator.</param>
internal sealed class DemoMeasurement(MLContext ml, ResTokTokenizer restok, ResTokGenerator generator)
{
    private const int Rebuilt = 480, Judged = 1210, OfEachClass = 50, First = DemoRecipe.FirstHeldOut + 11_000;

    /// <param name="folder">Where to write <c>reconstructions.png</c> and <c>generated.png</c>.</param>
    public DemoMetrics Run(string folder)
    {
        var levels = new TokenLevels(restok.Config.LatentTokens);
        int[] counts = [.. levels.Offsets.Skip(1), levels.TokenCount];
        (Dictionary<int, double> psnr, double used) = Rebuild(counts, Path.Combine(folder, "reconstructions.png"));

        using var classifier = new DrawingClassifier(ml, DemoRecipe.FirstForClassifier, DemoRecipe.DrawingsForClassifier);
        IDataView drawings = DrawingRow.View(ml, First, Judged);
        double onDrawings = classifier.Judge(drawings).MicroAccuracy;
        IDataView rebuilt = ml.Transforms.ResTokEncode("Tokens", "Image", restok).Append(ml.Transforms.ResTokDecode("Image", "Tokens", restok)).Fit(drawings).Transform(drawings);
        double onRebuilt = classifier.Judge(rebuilt).MicroAccuracy;

        int classes = generator.Config.Classes;
        IDataView wishes = ml.Data.LoadFromEnumerable(Enumerable.Range(0, classes * OfEachClass).Select(i => new Wish { Label = i / OfEachClass, Seed = i % OfEachClass }));
        IDataView tokens = ml.Data.Cache(ml.Transforms.ResTokGenerate(
            "Tokens", "Label", generator, new() { Sampling = DemoRecipe.Sampling, SeedColumnName = "Seed", BatchSize = 32 }).Fit(wishes).Transform(wishes));
        IDataView generated = ml.Transforms.ResTokDecode("Image", "Tokens", restok).Fit(tokens).Transform(tokens);
        MulticlassClassificationMetrics judged = classifier.Judge(generated);
        int[][] ids = [.. tokens.GetColumn<int[]>("Tokens")];
        int twins = ids.Length - ids.Chunk(OfEachClass).Sum(ofClass => ofClass.Select(row => string.Join(' ', row)).Distinct().Count());
        byte[][] pictures = Pixels(generated);
        Show(pictures, classes, Path.Combine(folder, "generated.png"));
        return new(
            psnr, used, onDrawings, onRebuilt, judged.MicroAccuracy, [.. judged.ConfusionMatrix.PerClassRecall], ids.Length, twins,
            Enumerable.Range(0, classes).Average(label => Distance([.. pictures.Skip(label * OfEachClass).Take(OfEachClass)]) / Distance(DrawingsOf(label))));
    }

    /// <summary>Mean PSNR by token count, and the share of the codebook used.</summary>
    private (Dictionary<int, double> Psnr, double Used) Rebuild(int[] counts, string picture)
    {
        IDataView drawings = DrawingRow.View(ml, First, Rebuilt);
        IEstimator<ITransformer> pipeline = ml.Transforms.ResTokEncode("Tokens", "Image", restok);
        foreach (int count in counts)
            pipeline = pipeline.Append(ml.Transforms.ResTokDecode($"From{count}", "Tokens", restok, count));
        IDataView view = pipeline.Fit(drawings).Transform(drawings);
        var sums = counts.ToDictionary(count => count, _ => 0.0);
        var used = new HashSet<int>();
        var shown = new List<MLImage[]>();
        using DataViewRowCursor row = view.GetRowCursor(view.Schema);
        ValueGetter<MLImage> original = row.GetGetter<MLImage>(view.Schema["Image"]);
        ValueGetter<VBuffer<int>> tokens = row.GetGetter<VBuffer<int>>(view.Schema["Tokens"]);
        ValueGetter<MLImage>[] decoded = [.. counts.Select(count => row.GetGetter<MLImage>(view.Schema[$"From{count}"]))];
        VBuffer<int> ids = default;
        while (row.MoveNext())
        {
            MLImage drawing = null!;
            original(ref drawing);
            tokens(ref ids);
            used.UnionWith(ids.DenseValues());
            MLImage[] pictures = [.. decoded.Select(get => { MLImage made = null!; get(ref made); return made; })];
            for (int i = 0; i < counts.Length; i++)
                sums[counts[i]] += Psnr.Of(drawing, pictures[i]) / Rebuilt;
            bool isShown = shown.Count < Drawings.Classes.Count + 1;
            if (isShown)
                shown.Add([MLImage.CreateFromPixels(drawing.Width, drawing.Height, drawing.PixelFormat, drawing.Pixels), .. pictures]);
            else
                Free(pictures);
        }
        PictureGrid.Save(picture, shown, [null, .. counts.Select(count => (int?)count)]);
        shown.ForEach(Free);
        return (sums, (double)used.Count / restok.Config.CodebookSize);
    }

    private static void Show(byte[][] pictures, int classes, string path)
    {
        const int Shown = 8;
        MLImage[][] rows = [.. Enumerable.Range(0, classes).Select(label => pictures.Skip(label * OfEachClass).Take(Shown)
            .Select(pixels => MLImage.CreateFromPixels(DrawingRow.Side, DrawingRow.Side, MLPixelFormat.Rgba32, pixels)).ToArray())];
        PictureGrid.Save(path, rows, null, [.. Enumerable.Range(0, classes).Select(label => (int?)label)]);
        foreach (MLImage[] row in rows)
            Free(row);
    }

    private static byte[][] Pixels(IDataView view)
    {
        var result = new List<byte[]>();
        foreach (MLImage image in view.GetColumn<MLImage>("Image"))
        {
            using (image)
                result.Add(image.Pixels.ToArray());
        }
        return [.. result];
    }

    private static byte[][] DrawingsOf(int label) =>
        [.. Enumerable.Range(First, int.MaxValue - First).Where(number => Drawings.ClassOf(number) == label).Take(OfEachClass).Select(number => Drawings.Draw(number, DrawingRow.Side))];

    /// <summary>Mean over all pairs of the root mean square difference.</summary>
    private static double Distance(byte[][] pictures)
    {
        double sum = 0;
        int pairs = 0;
        for (int i = 0; i < pictures.Length; i++)
        {
            for (int j = 0; j < i; j++, pairs++)
                sum += Math.Sqrt(pictures[i].Zip(pictures[j]).Average(pair => Math.Pow(pair.First - pair.Second, 2)));
        }
        return sum / pairs;
    }

    private static void Free(MLImage[] pictures)
    {
        foreach (MLImage picture in pictures)
            picture.Dispose();
    }

    private sealed class Wish
    {
        public int Label { get; set; }

        public int Seed { get; set; }
    }
}
