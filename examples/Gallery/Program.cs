// Generates a class × seed grid, the nine steps of one image, variations and mixtures. See README.md for the command line.
using System.CommandLine;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet;
using ResTok.Models;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var tokenizerOption = new Option<string?>("--tokenizer") { Description = "The tokenizer. " + Models.Names };
var generatorOption = new Option<string?>("--generator") { Description = "Its generator. " + Models.Names };
var outputOption = new Option<string>("--output") { Description = "Where to write.", DefaultValueFactory = _ => "out/gallery" };
var classesOption = new Option<int[]>("--classes") { Description = "The classes, a row each; the first 12 if none.", AllowMultipleArgumentsPerToken = true };
var seedsOption = new Option<int>("--seeds") { Description = "Images of each class.", DefaultValueFactory = _ => 8 };
var imageArgument = new Argument<string[]>("images") { Description = "Images, the first of which is varied and mixed with the last; examples/pictures if none." };
var command = new RootCommand("Generated images: a class × seed grid, growth by level, variations and mixtures.")
{
    tokenizerOption, generatorOption, outputOption, classesOption, seedsOption, imageArgument,
};
command.SetAction(async (parsed, cancellation) =>
{
    try
    {
        (string? tokenizer, string? generator) = (parsed.GetValue(tokenizerOption), parsed.GetValue(generatorOption));
        if (tokenizer is null != generator is null)
            throw new ArgumentException("A tokenizer and a generator belong together: give both --tokenizer and --generator, or neither for the demo model.");
        using ResTokTokenizer restok = await Models.TokenizerAsync(tokenizer, cancellation);
        using ResTokGenerator network = await Models.GeneratorAsync(generator, cancellation);
        int[] classes = parsed.GetValue(classesOption) is { Length: > 0 } given ? given : [.. Enumerable.Range(0, Math.Min(12, network.Config.Classes))];
        Func<int, string> nameOf = label => network.Config.ClassNames is { } names && label < names.Count ? $"{label} {names[label]}" : $"{label}";
        SamplingOptions sampling = generator is null ? DemoGenerator.Sampling : SamplingOptions.Official;
        Run(restok, network, sampling, nameOf, Path.GetFullPath(parsed.GetValue(outputOption)!), classes, parsed.GetValue(seedsOption), ExamplePictures.Find(parsed.GetValue(imageArgument)!));
        return 0;
    }
    catch (Exception fault) when (fault is ArgumentException or IOException or InvalidOperationException or ResTok.Models.Runtime.TorchRuntimeException)
    {
        Console.Error.WriteLine(fault.Message);
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();

static void Run(ResTokTokenizer restok, ResTokGenerator generator, SamplingOptions sampling, Func<int, string> nameOf, string output, int[] classes, int seeds, string[] images)
{
    Directory.CreateDirectory(output);
    var ml = new MLContext(seed: 1);
    ml.Log += (_, entry) =>
    {
        if (entry.Source.StartsWith("ResTok", StringComparison.Ordinal) && entry.Kind >= Microsoft.ML.Runtime.ChannelMessageKind.Info)
            Console.WriteLine(entry.RawMessage);
    };

    Grid(ml, restok, generator, sampling, classes, seeds, output);
    int[] passes = Growth(ml, restok, generator, sampling, classes[0], output);
    Variations(ml, restok, generator, sampling, images[0], classes[0], output);
    Mixtures(ml, restok, [images[0], images[^1]], output);
    GalleryPage.Save(Path.Combine(output, "index.html"), [.. classes.Select(nameOf)], seeds, passes.Length, new TokenLevels(restok.Config.LatentTokens));
    Console.WriteLine($"See {Path.Combine(output, "index.html")}; the pipeline with both models is {Path.Combine(output, "pipeline.zip")}.");
}

// Labels → tokens → images, as one pipeline that is saved with both models inside.
static void Grid(MLContext ml, ResTokTokenizer restok, ResTokGenerator generator, SamplingOptions sampling, int[] classes, int seeds, string output)
{
    IDataView data = ml.Data.LoadFromEnumerable(
        from label in classes
        from seed in Enumerable.Range(0, seeds)
        select new Wish { Label = label, Seed = seed });
    var progress = new Progress<ResTokGenerationProgress>(step => Console.Write($"\r{step.Images} of {classes.Length * seeds} images, pass {step.Pass} of {step.Passes} "));
    var pipeline = ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { Sampling = sampling, SeedColumnName = "Seed", Progress = progress })
        .Append(ml.Transforms.ResTokDecode("Image", "Tokens", restok));
    using TransformerChain<ResTokDecodingTransformer> model = pipeline.Fit(data);
    string zip = Path.Combine(output, "pipeline.zip");
    PipelineFile.Save(ml, model, data.Schema, zip);
    MLImage[] images = [.. model.Transform(data).GetColumn<MLImage>("Image")];
    Console.WriteLine();
    PictureGrid.Save(
        Path.Combine(output, "grid.png"), [.. images.Chunk(seeds)], [.. Enumerable.Range(0, seeds).Select(seed => (int?)seed)], [.. classes.Select(label => (int?)label)]);
    Dispose(images);
}

// The image after every pass: each prefix of tokens decodes to a complete, coarser image. Returns the lengths of the prefixes.
static int[] Growth(MLContext ml, ResTokTokenizer restok, ResTokGenerator generator, SamplingOptions sampling, int label, string output)
{
    int single = generator.Config.Hierarchical ? generator.Config.AutoregressiveTokens : generator.Config.Tokens;
    int[] counts = [.. Enumerable.Range(1, single), .. new TokenLevels(generator.Config.Tokens).Offsets.Append(generator.Config.Tokens).Where(end => end > single)];
    IDataView data = ml.Data.LoadFromEnumerable([new Wish { Label = label }]);
    IEstimator<ITransformer> pipeline = ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { Sampling = sampling, SeedColumnName = "Seed" });
    foreach (int count in counts)
        pipeline = pipeline.Append(ml.Transforms.ResTokDecode($"From{count}", "Tokens", restok, count));
    ITransformer model = pipeline.Fit(data);
    IDataView view = model.Transform(data);
    using DataViewRowCursor row = view.GetRowCursor(view.Schema); // one cursor, so that the tokens are generated once
    row.MoveNext();
    MLImage[] frames = [.. counts.Select(count =>
    {
        MLImage frame = null!;
        row.GetGetter<MLImage>(view.Schema[$"From{count}"])(ref frame);
        return frame;
    })];
    PictureGrid.SaveStrip(Path.Combine(output, "growth.png"), frames);
    Dispose(frames);
    (model as IDisposable)?.Dispose();
    return counts;
}

// The coarse levels of a given image, the rest generated: row k keeps k levels.
static void Variations(MLContext ml, ResTokTokenizer restok, ResTokGenerator generator, SamplingOptions sampling, string image, int label, string output)
{
    const int Seeds = 4;
    IDataView data = ml.Data.LoadFromEnumerable(Enumerable.Range(0, Seeds).Select(seed => new Wish { Label = label, Seed = seed, Path = image }));
    int levels = new TokenLevels(restok.Config.LatentTokens).Count;
    int[] kept = [.. Enumerable.Range(1, levels - 1).Where(level => level >= 3 || level == 1)];
    IEstimator<ITransformer> pipeline = ml.Transforms.LoadImages("Image", "", "Path")
        .Append(ml.Transforms.ResTokEncode("Tokens", "Image", restok))
        .Append(ml.Transforms.ResTokDecode("Whole", "Tokens", restok));
    foreach (int k in kept)
    {
        pipeline = pipeline
            .Append(ml.Transforms.ResTokGenerate($"Tokens{k}", "Label", generator, new() { Sampling = sampling, PrefixColumnName = "Tokens", PrefixLevels = k, SeedColumnName = "Seed" }))
            .Append(ml.Transforms.ResTokDecode($"Kept{k}", $"Tokens{k}", restok));
    }
    ITransformer model = pipeline.Fit(data);
    IDataView view = model.Transform(data);
    var rows = new List<MLImage[]> { new[] { view.GetColumn<MLImage>("Whole").First() } };
    rows.AddRange(kept.Select(k => view.GetColumn<MLImage>($"Kept{k}").ToArray()));
    PictureGrid.Save(Path.Combine(output, "variations.png"), rows, null, [levels, .. kept.Select(k => (int?)k)]);
    rows.ForEach(Dispose);
    (model as IDisposable)?.Dispose();
}

// The coarse levels of one image with the fine levels of the other: column k takes k coarse levels.
static void Mixtures(MLContext ml, ResTokTokenizer restok, string[] paths, string output)
{
    IDataView data = ml.Data.LoadFromEnumerable(paths.Select(path => new Wish { Path = path }));
    using var encode = ml.Transforms.LoadImages("Image", "", "Path").Append(ml.Transforms.ResTokEncode("Tokens", "Image", restok)).Fit(data);
    int[][] tokens = [.. encode.Transform(data).GetColumn<int[]>("Tokens")];
    var levels = new TokenLevels(restok.Config.LatentTokens);
    int[] columns = [.. Enumerable.Range(0, levels.Count + 1)];
    IDataView mixed = ml.Data.LoadFromEnumerable(
        new[] { (tokens[0], tokens[1]), (tokens[1], tokens[0]) }.SelectMany(pair => columns.Select(k => new Mixture { Tokens = levels.Splice(pair.Item1, pair.Item2, k) })));
    using ResTokDecodingTransformer decode = ml.Transforms.ResTokDecode("Image", "Tokens", restok).Fit(mixed);
    MLImage[] images = [.. decode.Transform(mixed).GetColumn<MLImage>("Image")];
    PictureGrid.Save(Path.Combine(output, "mixtures.png"), [.. images.Chunk(columns.Length)], [.. columns.Select(k => (int?)k)]);
    Dispose(images);
}

static void Dispose(IEnumerable<MLImage> images)
{
    foreach (MLImage image in images)
        image.Dispose();
}

internal sealed class Wish
{
    public int Label { get; set; }

    public int Seed { get; set; }

    public string Path { get; set; } = "";
}

internal sealed class Mixture
{
    public int[] Tokens { get; set; } = [];
}
