// Draws sentences as the class whose name is most like them. See README.md for the command line.
using System.CommandLine;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var outputOption = new Option<string>("--output") { Description = "Where to write.", DefaultValueFactory = _ => "out/similarity" };
var loadOption = new Option<string?>("--load") { Description = "The pipeline.zip of an earlier run, to draw with it and train nothing." };
var epochsOption = new Option<int>("--epochs") { Description = "Passes over the pairs.", DefaultValueFactory = _ => 10 };
var weightsOption = new Option<string?>("--weights") { Description = "A folder whose mlnet/NasBert2000000.tsm holds the weights; by default the system's temporary folder, where they are downloaded once." };
var sentenceArgument = new Argument<string[]>("sentences") { Description = "What to draw; one sentence for each class if none." };
var command = new RootCommand("Sentence similarity picks among the generator's classes by their names.") { outputOption, loadOption, epochsOption, weightsOption, sentenceArgument };
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
            SimilarityPipeline.Train(ml, pipeline, parsed.GetValue(epochsOption));
        string[] sentences = parsed.GetValue(sentenceArgument)!;
        Sentence[] wishes = sentences.Length > 0 ? [.. sentences.Select(text => new Sentence { Text = text })] : Sentences.ToDraw;
        int number = 0;
        foreach (DrawnPair drawn in SimilarityPipeline.Draw(ml, pipeline, wishes))
        {
            using MLImage image = drawn.Image;
            string file = $"{++number:00}-{drawn.Class}.png";
            image.Save(Path.Combine(output, file));
            Console.WriteLine($"{drawn.Class,-9}{drawn.Score,7:0.00}  {file,-18}{drawn.Text}");
        }
        Console.WriteLine($"See {output}; the pipeline with the similarity and both models is {pipeline}.");
        return 0;
    }
    catch (Exception fault) when (fault is ArgumentException or IOException or InvalidOperationException or ResTok.Models.Runtime.TorchRuntimeException)
    {
        Console.Error.WriteLine(fault.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();
