// Finds the images of a folder that are most like some others, by the tokenizer's features. See README.md for the command line.
using System.CommandLine;
using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet;

const int Hits = 8;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var modelOption = new Option<string?>("--model") { Description = Models.Names };
var outputOption = new Option<string>("--output") { Description = "Where to write.", DefaultValueFactory = _ => "out/search" };
var queryOption = new Option<string[]>("--query") { Description = "Images or folders of them to find the like of; the first 8 of the folder if none.", AllowMultipleArgumentsPerToken = true };
var folderArgument = new Argument<string?>("folder") { Description = "The images to search; freshly drawn ones if none.", Arity = ArgumentArity.ZeroOrOne };
var command = new RootCommand("The nearest images, with scores, as a page.") { modelOption, outputOption, queryOption, folderArgument };
command.SetAction(async (parsed, cancellation) =>
{
    try
    {
        string output = Path.GetFullPath(parsed.GetValue(outputOption)!);
        (string? folder, string[] queries) = (parsed.GetValue(folderArgument), parsed.GetValue(queryOption) ?? []);
        bool drawn = folder is null;
        if (folder is null)
        {
            folder = DrawingFolder.Make(Path.Combine(output, "drawings"), first: 600_000_000, count: 600);
            if (queries.Length == 0)
                queries = [DrawingFolder.Make(Path.Combine(output, "queries"), first: 1_200_000_000, count: 24)];
        }
        string[] images = ExamplePictures.Find([folder]);
        queries = queries.Length > 0 ? ExamplePictures.Find(queries) : images[..Math.Min(8, images.Length)];
        using ResTokTokenizer restok = await Models.TokenizerAsync(parsed.GetValue(modelOption), cancellation);
        Run(restok, output, images, queries, drawn);
        return 0;
    }
    catch (Exception fault) when (fault is ArgumentException or IOException or InvalidOperationException or ResTok.Models.Runtime.TorchRuntimeException)
    {
        Console.Error.WriteLine(fault.Message);
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();

static void Run(ResTokTokenizer restok, string output, string[] images, string[] queries, bool drawn)
{
    Directory.CreateDirectory(output);
    var ml = new MLContext(seed: 1);

    // Without their mean, which all images share, and of length 1, so that products of features are cosines.
    IDataView Paths(string[] paths) => ml.Data.LoadFromEnumerable(paths.Select(path => new Image { Path = path }));
    var pipeline = ml.Transforms.LoadImages("Image", "", "Path")
        .Append(ml.Transforms.ResTokEncode("Tokens", "Image", restok, new() { BatchSize = 32, FeaturesColumnName = "Features" }))
        .Append(ml.Transforms.SelectColumns("Features"))
        .AppendCacheCheckpoint(ml)
        .Append(ml.Transforms.NormalizeMeanVariance("Features", fixZero: false))
        .Append(ml.Transforms.NormalizeLpNorm("Features"));
    using var model = pipeline.Fit(Paths(images));
    float[][] FeaturesOf(string[] paths) => [.. model.Transform(Paths(paths)).GetColumn<float[]>("Features")];
    float[][] known = FeaturesOf(images), asked = FeaturesOf(queries);

    var page = new ResultPage(output);
    int right = 0, found = 0;
    for (int i = 0; i < queries.Length; i++)
    {
        (string Path, float Score)[] hits =
        [
            .. images.Select((path, j) => (path, TensorPrimitives.Dot(asked[i], known[j])))
                .Where(hit => hit.path != queries[i]).OrderByDescending(hit => hit.Item2).Take(Hits),
        ];
        page.Add(queries[i], hits);
        found += hits.Length;
        right += hits.Count(hit => DrawingFolder.ClassOf(hit.Path) == DrawingFolder.ClassOf(queries[i]));
        Console.WriteLine($"{Path.GetFileNameWithoutExtension(queries[i]),-20}{string.Join(' ', hits.Take(4).Select(hit => $"{Path.GetFileNameWithoutExtension(hit.Path),18} {hit.Score:0.00}"))}");
    }
    if (drawn)
    {
        double chance = queries.Average(query => (double)images.Count(path => DrawingFolder.ClassOf(path) == DrawingFolder.ClassOf(query)) / images.Length);
        Console.WriteLine($"{(double)right / found:0.0%} of the first {Hits} hits are of the query's class; {chance:0.0%} would be by chance.");
    }
    string index = Path.Combine(output, "index.html");
    page.Save(index, images.Length);
    Console.WriteLine($"{queries.Length} images searched for among {images.Length}. See {index}.");
}

internal sealed class Image
{
    public string Path { get; set; } = "";
}
