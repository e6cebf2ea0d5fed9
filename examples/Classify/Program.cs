// Tells drawings apart by their tokens, by the tokenizer's features, and by their pixels, each with the same trainers. See README.md
// for the command line.
using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Microsoft.ML.Trainers.LightGbm;
using Microsoft.ML.Transforms;
using ResTok.MLNet;

// The demo model has seen none of these drawings.
const int FirstToLearn = 600_000_000, FirstHeldOut = 1_200_000_000;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var modelOption = new Option<string?>("--model") { Description = Models.Names };
var outputOption = new Option<string>("--output") { Description = "Where to write.", DefaultValueFactory = _ => "out/classify" };
var learnOption = new Option<int>("--learn") { Description = "Drawings to learn from.", DefaultValueFactory = _ => 1200 };
var heldOutOption = new Option<int>("--held-out") { Description = "Drawings to measure on.", DefaultValueFactory = _ => 600 };
var command = new RootCommand("Accuracy of classifiers, linear and of boosted trees, on tokens, on features and on pixels.") { modelOption, outputOption, learnOption, heldOutOption };
command.SetAction(async (parsed, cancellation) =>
{
    try
    {
        using ResTokTokenizer restok = await Models.TokenizerAsync(parsed.GetValue(modelOption), cancellation);
        Run(restok, Path.GetFullPath(parsed.GetValue(outputOption)!), parsed.GetValue(learnOption), parsed.GetValue(heldOutOption));
        return 0;
    }
    catch (Exception fault) when (fault is ArgumentException or IOException or InvalidOperationException or ResTok.Models.Runtime.TorchRuntimeException)
    {
        Console.Error.WriteLine(fault.Message);
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();

static void Run(ResTokTokenizer restok, string output, int learn, int heldOut)
{
    Directory.CreateDirectory(output);
    var ml = new MLContext(seed: 1);

    // One pass of the tokenizer gives all that is compared. Images end here: ML.NET's cache and files keep numbers only.
    IDataView drawings = DrawingRow.View(ml, FirstToLearn, learn);
    var encode = ml.Transforms.ResTokEncode("Tokens", "Image", restok, new() { BatchSize = 32, TokensAsKeys = true, LatentsColumnName = "Latents", FeaturesColumnName = "Semantic" })
        .Append(ml.Transforms.ExtractPixels("Pixels", "Image"))
        .Append(ml.Transforms.Conversion.MapValueToKey("Class", "Label", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue))
        .Append(ml.Transforms.SelectColumns("Tokens", "Latents", "Semantic", "Pixels", "Class"));
    using var encoder = encode.Fit(drawings);
    IDataView known = ml.Data.Cache(encoder.Transform(drawings));
    IDataView unknown = ml.Data.Cache(encoder.Transform(DrawingRow.View(ml, FirstHeldOut, heldOut)));

    var conversion = ml.Transforms.Conversion;
    (string Name, IEstimator<ITransformer> Features)[] inputs =
    [
        ("pixels", ml.Transforms.NormalizeMeanVariance("Features", "Pixels", fixZero: false)),
        ("tokens by place", conversion.MapKeyToVector("Features", "Tokens")),
        ("tokens counted", conversion.MapKeyToVector("Features", "Tokens", outputCountVector: true)),
        ("latents", ml.Transforms.NormalizeMeanVariance("Features", "Latents", fixZero: false)),
        ("features", ml.Transforms.NormalizeMeanVariance("Features", "Semantic", fixZero: false)),
    ];
    var trainers = new List<(string Name, IEstimator<ITransformer> Trainer)>
    {
        ("SDCA", ml.MulticlassClassification.Trainers.SdcaMaximumEntropy(new SdcaMaximumEntropyMulticlassTrainer.Options
        {
            LabelColumnName = "Class", L1Regularization = 0, L2Regularization = 1e-4f, MaximumNumberOfIterations = 20,
            NumberOfThreads = 1, // several give another result every time
        })),
    };
    if (NativeLibrary.TryLoad("lib_lightgbm", typeof(LightGbmMulticlassTrainer).Assembly, null, out _))
        trainers.Add(("LightGBM", ml.MulticlassClassification.Trainers.LightGbm(new LightGbmMulticlassTrainer.Options
        {
            LabelColumnName = "Class", NumberOfLeaves = 8, NumberOfIterations = 40, LearningRate = 0.2, MinimumExampleCountPerLeaf = 10,
            Booster = new GradientBooster.Options { FeatureFraction = 0.1 }, // the 12,288 pixels take long
        })));
    else
        Console.WriteLine("LightGBM is left out: its library does not load here. On Linux it needs libgomp (package libgomp1).");
    var lines = new List<string> { $"{"input",-18}{"numbers",8}{string.Concat(trainers.Select(trainer => $"{trainer.Name,12}"))}" };
    Console.WriteLine($"{Drawings.Classes.Count} classes, {learn} drawings to learn from. How many of {heldOut} others are put in their class:");
    Console.WriteLine(lines[0]);
    foreach ((string name, IEstimator<ITransformer> features) in inputs)
    {
        // All inputs get length 1, so that one regularisation suits them all.
        ITransformer prepare = features.Append(ml.Transforms.NormalizeLpNorm("Features")).Fit(known);
        IDataView learned = ml.Data.Cache(prepare.Transform(known)), asked = prepare.Transform(unknown);
        int numbers = ((VectorDataViewType)asked.Schema["Features"].Type).Size;
        IEnumerable<double> accuracies = trainers.Select(trainer => ml.MulticlassClassification.Evaluate(trainer.Trainer.Fit(learned).Transform(asked), "Class").MicroAccuracy);
        lines.Add($"{name,-18}{numbers,8}{string.Concat(accuracies.Select(accuracy => $"{accuracy,12:0.0%}"))}");
        Console.WriteLine(lines[^1]);
    }
    string table = Path.Combine(output, "accuracy.txt");
    File.WriteAllLines(table, lines);
    Console.WriteLine($"The table is {table}.");
}
