// What each level of tokens knows of an image's class: a linear classifier on more and more of them. See docs/evaluation.md.
using System.CommandLine;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Microsoft.ML.Transforms;
using ResTok.MLNet;
using ResTok.Models;

// The demo model has seen none of these drawings.
const int FirstToLearn = 600_000_000, FirstHeldOut = 1_200_000_000;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var modelOption = new Option<string?>("--model") { Description = Models.Names };
var imagesOption = new Option<string?>("--images") { Description = "A folder of class folders, of whose images every fourth is held out; by default drawings." };
var outputOption = new Option<string>("--output") { Description = "Where to write.", DefaultValueFactory = _ => "out/linear-probe" };
var learnOption = new Option<int>("--learn") { Description = "Drawings to learn from.", DefaultValueFactory = _ => 1200 };
var heldOutOption = new Option<int>("--held-out") { Description = "Drawings to measure on.", DefaultValueFactory = _ => 600 };
var command = new RootCommand("Accuracy of linear classifiers on the levels of an image's tokens.") { modelOption, imagesOption, outputOption, learnOption, heldOutOption };
command.SetAction(async (parsed, cancellation) =>
{
    try
    {
        using ResTokTokenizer restok = await Models.TokenizerAsync(parsed.GetValue(modelOption), cancellation);
        var ml = new MLContext(seed: 1);
        (IDataView learn, IDataView heldOut) = parsed.GetValue(imagesOption) is { } folder
            ? Folders(ml, folder)
            : (DrawingRow.View(ml, FirstToLearn, parsed.GetValue(learnOption)), DrawingRow.View(ml, FirstHeldOut, parsed.GetValue(heldOutOption)));
        Run(ml, restok, learn, heldOut, Path.GetFullPath(parsed.GetValue(outputOption)!));
        return 0;
    }
    catch (Exception fault) when (fault is ArgumentException or IOException or InvalidOperationException or ResTok.Models.Runtime.TorchRuntimeException)
    {
        Console.Error.WriteLine(fault.Message);
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();

static void Run(MLContext ml, ResTokTokenizer restok, IDataView learn, IDataView heldOut, string output)
{
    Directory.CreateDirectory(output);
    TokenizerConfig config = restok.Config;
    int all = config.LatentTokens, channels = config.TokenSize;
    var levels = new TokenLevels(all);

    // One pass of the tokenizer gives all that is compared.
    var encode = ml.Transforms.ResTokEncode("Tokens", "Image", restok, new() { BatchSize = 32, TokensAsKeys = true, LatentsColumnName = "Latents", FeaturesColumnName = "Semantic" })
        .Append(ml.Transforms.Conversion.MapValueToKey("Class", "Label", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue))
        .Append(ml.Transforms.SelectColumns("Tokens", "Latents", "Semantic", "Class"));
    using var encoder = encode.Fit(learn);
    IDataView known = ml.Data.Cache(encoder.Transform(learn)), unknown = ml.Data.Cache(encoder.Transform(heldOut));

    var lines = new List<string> { $"{"input",-28}{"numbers",8}{"accuracy",10}" };
    Console.WriteLine(lines[0]);
    Probe("features", ml.Transforms.NormalizeMeanVariance("Features", "Semantic", fixZero: false));
    Probe($"all {all} tokens by place", ml.Transforms.Conversion.MapKeyToVector("Features", "Tokens"));
    for (int level = 0; level < levels.Count; level++)
    {
        (int from, int to) = (levels.Offsets[level], levels.Offsets[level] + levels.Sizes[level]);
        Probe($"latents of {to} tokens", Latents(0, to));
        if (level > 0)
            Probe($"latents of level {level} alone", Latents(from, to));
    }
    string table = Path.Combine(output, "accuracy.txt");
    File.WriteAllLines(table, lines);
    Console.WriteLine($"The table is {table}.");

    // Latents are channel by channel, [C, N].
    IEstimator<ITransformer> Latents(int from, int to)
    {
        var part = SchemaDefinition.Create(typeof(FeatureRow));
        part["Features"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, channels * (to - from));
        return ml.Transforms.CustomMapping<LatentRow, FeatureRow>(
                (row, cut) => cut.Features = [.. Enumerable.Range(0, channels).SelectMany(channel => row.Latents[(channel * all + from)..(channel * all + to)])], null, null, part)
            .Append(ml.Transforms.NormalizeMeanVariance("Features", fixZero: false));
    }

    void Probe(string name, IEstimator<ITransformer> features)
    {
        // All inputs get length 1, so that one regularisation suits them all.
        ITransformer prepare = features.Append(ml.Transforms.NormalizeLpNorm("Features")).Fit(known);
        IDataView learned = ml.Data.Cache(prepare.Transform(known)), asked = prepare.Transform(unknown);
        var trainer = ml.MulticlassClassification.Trainers.SdcaMaximumEntropy(new SdcaMaximumEntropyMulticlassTrainer.Options
        {
            LabelColumnName = "Class", L1Regularization = 0, L2Regularization = 1e-4f, MaximumNumberOfIterations = 20,
            NumberOfThreads = 1, // several give another result every time
        });
        double accuracy = ml.MulticlassClassification.Evaluate(trainer.Fit(learned).Transform(asked), "Class").MicroAccuracy;
        lines.Add($"{name,-28}{((VectorDataViewType)asked.Schema["Features"].Type).Size,8}{accuracy,10:0.0%}");
        Console.WriteLine(lines[^1]);
    }
}

static (IDataView Learn, IDataView HeldOut) Folders(MLContext ml, string folder)
{
    ImageRow[] rows = [.. Directory.GetDirectories(folder).Order(StringComparer.Ordinal).SelectMany(within =>
        Directory.GetFiles(within).Order(StringComparer.Ordinal).Select(path => new ImageRow { Path = Path.GetFullPath(path), Label = Path.GetFileName(within) }))];
    if (rows.Length < 8)
        throw new ArgumentException($"'{folder}' has {rows.Length} images in class folders, which are too few.");
    return (View(rows.Where((_, i) => i % 4 != 0)), View(rows.Where((_, i) => i % 4 == 0)));

    IDataView View(IEnumerable<ImageRow> some)
    {
        IDataView data = ml.Data.LoadFromEnumerable(some);
        return ml.Transforms.ResTokLoadImages("Image", "Path").Fit(data).Transform(data);
    }
}

internal sealed class ImageRow
{
    public string Path { get; set; } = "";

    public string Label { get; set; } = "";
}

internal sealed class LatentRow
{
    public float[] Latents { get; set; } = [];
}

internal sealed class FeatureRow
{
    public float[] Features { get; set; } = [];
}
