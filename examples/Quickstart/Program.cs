// Images → tokens → images, as one ML.NET pipeline. See README.md for the command line.
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet;
using ResTok.Models;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var modelOption = new Option<string?>("--model") { Description = Models.Names };
var outputOption = new Option<string>("--output") { Description = "Where to write.", DefaultValueFactory = _ => "out/quickstart" };
var searchOption = new Option<int?>("--search-steps") { Description = "Steps of the search for tokens that rebuild an image better than the encoder's, shown last; 0 for none. By default 25 with the demo model, where they take a second an image, and else 0." };
var imageArgument = new Argument<string[]>("images") { Description = "Images or folders of them; examples/pictures if none." };
var command = new RootCommand("Images to tokens and back, from 1 to all tokens, as images and a page.") { modelOption, outputOption, searchOption, imageArgument };
command.SetAction(async (parsed, cancellation) =>
{
    try
    {
        string[] paths = ExamplePictures.Find(parsed.GetValue(imageArgument)!);
        string? name = parsed.GetValue(modelOption);
        using ResTokTokenizer restok = await Models.TokenizerAsync(name, cancellation);
        Run(restok, name ?? "demo", Path.GetFullPath(parsed.GetValue(outputOption)!), parsed.GetValue(searchOption) ?? (name is null or "demo" ? 25 : 0), paths);
        return 0;
    }
    catch (Exception fault) when (fault is ArgumentException or IOException or InvalidOperationException or ResTok.Models.Runtime.TorchRuntimeException)
    {
        Console.Error.WriteLine(fault.Message);
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();

static void Run(ResTokTokenizer restok, string modelName, string output, int searchSteps, string[] paths)
{
    var ml = new MLContext(seed: 1);
    ml.Log += (_, entry) =>
    {
        if (entry.Source.StartsWith("ResTok", StringComparison.Ordinal) && entry.Kind >= Microsoft.ML.Runtime.ChannelMessageKind.Info)
            Console.WriteLine(entry.RawMessage);
    };
    var levels = new TokenLevels(restok.Config.LatentTokens);
    int[] counts = [.. new[] { 1, 4, 16, 64, levels.TokenCount }.Where(count => count <= levels.TokenCount).Distinct()];

    IEstimator<ITransformer> pipeline = ml.Transforms.LoadImages("Image", "", "Path").Append(ml.Transforms.ResTokEncode("Tokens", "Image", restok));
    foreach (int count in counts)
        pipeline = pipeline.Append(ml.Transforms.ResTokDecode($"From{count}", "Tokens", restok, count));
    if (searchSteps > 0)
        pipeline = pipeline.Append(ml.Transforms.ResTokEncode("Found", "Image", restok, new() { SearchSteps = searchSteps })).Append(ml.Transforms.ResTokDecode("FromFound", "Found", restok));
    string[] columns = [.. counts.Select(count => $"From{count}"), .. searchSteps > 0 ? ["FromFound"] : Array.Empty<string>()];
    IDataView data = ml.Data.LoadFromEnumerable(paths.Select(path => new ImageRow { Path = path }));
    ITransformer model = pipeline.Fit(data);

    Directory.CreateDirectory(output);
    string zip = Path.Combine(output, "pipeline.zip");
    PipelineFile.Save(ml, model, data.Schema, zip);

    var report = new HtmlReport(counts, searchSteps);
    Console.WriteLine($"{"image",-20}{string.Concat(report.Headings.Select(heading => $"{heading,12}"))}   (PSNR in dB)");
    var names = new HashSet<string>();
    long start = Stopwatch.GetTimestamp();
    IDataView view = model.Transform(data);
    using (DataViewRowCursor row = view.GetRowCursor(view.Schema))
    {
        ValueGetter<MLImage> image = row.GetGetter<MLImage>(view.Schema["Image"]);
        ValueGetter<VBuffer<int>> tokens = row.GetGetter<VBuffer<int>>(view.Schema["Tokens"]);
        ValueGetter<MLImage>[] decoded = [.. columns.Select(column => row.GetGetter<MLImage>(view.Schema[column]))];
        VBuffer<int> values = default;
        for (int i = 0; row.MoveNext(); i++)
        {
            string name = Path.GetFileNameWithoutExtension(paths[i]);
            if (!names.Add(name))
                names.Add(name += $"-{i}");
            MLImage source = null!;
            image(ref source);
            using MLImage original = source;
            using MLImage crop = ResTokImages.Fit(original, restok.Config.CropSize);
            tokens(ref values);
            MLImage[] rebuilt = [.. decoded.Select(get => { MLImage one = null!; get(ref one); return one; })];
            double[] psnr = [.. rebuilt.Select(one => Psnr.Of(crop, one))];
            int[] ids = [.. values.DenseValues()];
            WriteTokens(Path.Combine(output, name + ".tokens.json"), modelName, paths[i], ids, levels);
            PictureGrid.Save(Path.Combine(output, name + ".png"), [[crop, .. rebuilt]], [null, .. columns.Select((_, column) => column < counts.Length ? counts[column] : (int?)null)]);
            report.Add(name, ids, psnr);
            Console.WriteLine($"{name,-20}{string.Concat(psnr.Select(value => $"{value,12:0.00}"))}");
            foreach (MLImage one in rebuilt)
                one.Dispose();
        }
    }
    double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    string index = Path.Combine(output, "index.html");
    report.Save(index);
    Console.WriteLine($"{paths.Length} {(paths.Length == 1 ? "image" : "images")} in {seconds:0.0} s: {paths.Length / seconds:0.00} images/s, each encoded once and decoded {counts.Length} times{(searchSteps > 0 ? $", and {searchSteps} steps of search" : "")}.");
    Console.WriteLine($"See {index}; the pipeline with its weights is {zip}.");
    (model as IDisposable)?.Dispose();
}

static void WriteTokens(string path, string model, string image, int[] tokens, TokenLevels levels)
{
    var content = new
    {
        model,
        image,
        levels = levels.Sizes.Select((size, level) => tokens.Skip(levels.Offsets[level]).Take(size)),
    };
    File.WriteAllText(path, JsonSerializer.Serialize(content));
}

internal sealed class ImageRow
{
    public string Path { get; set; } = "";
}
