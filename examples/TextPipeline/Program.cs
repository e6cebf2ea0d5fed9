// A sentence → its class → tokens → a picture, as one ML.NET pipeline. See README.md for the command line.
using System.CommandLine;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Microsoft.ML.Transforms.Image;
using ResTok.MLNet;
using ResTok.Models;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var outputOption = new Option<string>("--output") { Description = "Where to write.", DefaultValueFactory = _ => "out/textpipeline" };
var seedOption = new Option<long>("--seed") { Description = "Another seed, other pictures." };
var sentenceArgument = new Argument<string[]>("sentences") { Description = "What to draw; one sentence for each class if none." };
var command = new RootCommand("A picture for every sentence: a text classifier's label feeds the generator.") { outputOption, seedOption, sentenceArgument };
command.SetAction(parsed =>
{
    try
    {
        string[] sentences = parsed.GetValue(sentenceArgument)!;
        Sentence[] wishes = sentences.Length > 0 ? [.. sentences.Select(text => new Sentence { Text = text })] : Sentences.ToDraw;
        Run(Path.GetFullPath(parsed.GetValue(outputOption)!), parsed.GetValue(seedOption), wishes);
        return 0;
    }
    catch (Exception fault) when (fault is ArgumentException or IOException or InvalidOperationException or ResTok.Models.Runtime.TorchRuntimeException)
    {
        Console.Error.WriteLine(fault.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static void Run(string output, long seed, Sentence[] wishes)
{
    Directory.CreateDirectory(output);
    var ml = new MLContext(seed: 1);
    using ResTokTokenizer restok = ResTokTokenizer.Demo();
    using ResTokGenerator generator = ResTokGenerator.Demo();

    // Keys in the generator's order of classes, so that the label which the classifier predicts is one that the generator takes.
    IDataView classes = ml.Data.LoadFromEnumerable(DemoGenerator.Classes.Select(name => new ClassName { Class = name }));
    var trainer = new SdcaMaximumEntropyMulticlassTrainer.Options { NumberOfThreads = 1, MaximumNumberOfIterations = 100 };
    // Where Microsoft.ML.TorchSharp is available, a small BERT understands more than these few words. It takes the place of the two
    // lines with FeaturizeText and SDCA, and predicts the same column:
    //     .Append(ml.MulticlassClassification.Trainers.TextClassification(labelColumnName: "Label", sentence1ColumnName: "Text"))
    var pipeline = ml.Transforms.Conversion.MapValueToKey("Label", "Class", keyData: classes)
        .Append(ml.Transforms.Text.FeaturizeText("Features", "Text"))
        .Append(ml.MulticlassClassification.Trainers.SdcaMaximumEntropy(trainer))
        .Append(ml.Transforms.ResTokGenerate("Tokens", "PredictedLabel", generator, new() { Sampling = SamplingOptions.Official with { Seed = seed } }))
        .Append(ml.Transforms.ResTokDecode("Picture", "Tokens", restok))
        .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedClass", "PredictedLabel"));

    IDataView known = ml.Data.LoadFromEnumerable(Sentences.Known);
    using var model = pipeline.Fit(known);
    string zip = Path.Combine(output, "pipeline.zip");
    PipelineFile.Save(ml, model, known.Schema, zip);

    IDataView drawn = model.Transform(ml.Data.LoadFromEnumerable(wishes));
    int number = 0;
    foreach (Drawn row in ml.Data.CreateEnumerable<Drawn>(drawn, reuseRowObject: false))
    {
        using MLImage picture = row.Picture;
        string file = $"{++number:00}-{row.PredictedClass}.png";
        picture.Save(Path.Combine(output, file));
        Console.WriteLine($"{row.PredictedClass,-9}{row.Score.Max(),6:0%}  {file,-18}{row.Text}");
    }
    if (wishes.All(wish => wish.Class.Length > 0))
    {
        int right = drawn.GetColumn<string>("PredictedClass").Zip(wishes).Count(pair => pair.First == pair.Second.Class);
        Console.WriteLine($"{right} of {wishes.Length} sentences were put in the class they are about.");
    }
    Console.WriteLine($"See {output}; the pipeline with the classifier and both models is {Path.Combine(output, "pipeline.zip")}.");
}

internal sealed class Sentence
{
    public string Text { get; set; } = "";

    public string Class { get; set; } = "";
}

internal sealed class ClassName
{
    public string Class { get; set; } = "";
}

internal sealed class Drawn
{
    public string Text { get; set; } = "";

    public string PredictedClass { get; set; } = "";

    public float[] Score { get; set; } = [];

    [ImageType(64, 64)]
    public MLImage Picture { get; set; } = null!;
}
