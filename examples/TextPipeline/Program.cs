// A sentence → its class → tokens → an image, as one ML.NET pipeline. See README.md for the command line.
using System.CommandLine;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var outputOption = new Option<string>("--output") { Description = "Where to write.", DefaultValueFactory = _ => "out/textpipeline" };
var seedOption = new Option<long>("--seed") { Description = "Another seed, other images." };
var loadOption = new Option<string?>("--load") { Description = "The pipeline.zip of an earlier run, to draw with it and train nothing." };
var wordsOption = new Option<bool>("--words") { Description = "Classify by words with Microsoft.ML's own trainer, in place of the small BERT of Microsoft.ML.TorchSharp: no download." };
var epochsOption = new Option<int>("--epochs") { Description = "Passes over the sentences for the small BERT.", DefaultValueFactory = _ => 20 };
var weightsOption = new Option<string?>("--weights") { Description = "A folder whose mlnet/NasBert2000000.tsm holds the weights; by default the system's temporary folder, where they are downloaded once." };
var sentenceArgument = new Argument<string[]>("sentences") { Description = "What to draw; one sentence for each class if none." };
var command = new RootCommand("An image for every sentence: a text classifier's label feeds the generator.") { outputOption, seedOption, loadOption, wordsOption, epochsOption, weightsOption, sentenceArgument };
command.SetAction(parsed =>
{
    try
    {
        var ml = new MLContext(seed: 1);
        if (parsed.GetValue(weightsOption) is { } weights)
            ml.TempFilePath = Path.GetFullPath(weights); // a relative one would be looked for elsewhere
        string output = Path.GetFullPath(parsed.GetValue(outputOption)!);
        Directory.CreateDirectory(output);
        string pipeline = parsed.GetValue(loadOption) ?? Path.Combine(output, "pipeline.zip");
        if (parsed.GetValue(loadOption) is null)
            SentencePipeline.Train(ml, pipeline, parsed.GetValue(wordsOption) ? null : parsed.GetValue(epochsOption));
        string[] sentences = parsed.GetValue(sentenceArgument)!;
        Sentence[] wishes = sentences.Length > 0 ? [.. sentences.Select(text => new Sentence { Text = text })] : Sentences.ToDraw;
        Draw(ml, pipeline, output, [.. wishes.Select((wish, row) => new Sentence { Text = wish.Text, Class = wish.Class, Seed = parsed.GetValue(seedOption) + row })]);
        return 0;
    }
    catch (Exception fault) when (fault is ArgumentException or IOException or InvalidOperationException or ResTok.Models.Runtime.TorchRuntimeException)
    {
        Console.Error.WriteLine(fault.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static void Draw(MLContext ml, string pipeline, string output, Sentence[] wishes)
{
    int number = 0, right = 0;
    foreach (DrawnSentence drawn in SentencePipeline.Draw(ml, pipeline, wishes))
    {
        using MLImage image = drawn.Image;
        right += drawn.PredictedClass == wishes[number].Class ? 1 : 0;
        string file = $"{++number:00}-{drawn.PredictedClass}.png";
        image.Save(Path.Combine(output, file));
        Console.WriteLine($"{drawn.PredictedClass,-9}{drawn.Score.Max(),7:0.00}  {file,-18}{drawn.Text}");
    }
    if (wishes.All(wish => wish.Class.Length > 0))
        Console.WriteLine($"{right} of {wishes.Length} sentences were put in the class they are about.");
    Console.WriteLine($"See {output}; the pipeline with the classifier and both models is {pipeline}.");
}
