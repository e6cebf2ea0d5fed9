// A token index of the objects on images: detect, cut out, encode, and find the like. See README.md for the command line.
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.ML;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var outputOption = new Option<string>("--output") { Description = "Where to write.", DefaultValueFactory = _ => "out/objectindex" };
var loadOption = new Option<string?>("--load") { Description = "The output folder of an earlier run, to use its detector.zip and encoder.zip and train nothing." };
var scenesOption = new Option<int>("--scenes") { Description = "Drawn scenes to train on.", DefaultValueFactory = _ => 60 };
var epochsOption = new Option<int>("--epochs") { Description = "Passes over them.", DefaultValueFactory = _ => 5 };
var thresholdOption = new Option<double>("--threshold") { Description = "Least confidence of an object, 0.05 to 1.", DefaultValueFactory = _ => 0.3 };
var weightsOption = new Option<string?>("--weights") { Description = "A folder whose mlnet/autoformer_11m_torchsharp.bin holds the weights; by default the system's temporary folder, where they are downloaded once." };
var imagesArgument = new Argument<string[]>("images") { Description = "PNG or JPEG files to index; ten freshly drawn scenes if none." };
var command = new RootCommand("Objects on images, as tokens.") { outputOption, loadOption, scenesOption, epochsOption, thresholdOption, weightsOption, imagesArgument };
command.SetAction(parsed =>
{
    try
    {
        var ml = new MLContext(seed: 1);
        if (parsed.GetValue(weightsOption) is { } weights)
            ml.TempFilePath = Path.GetFullPath(weights); // a relative one would be looked for elsewhere
        string output = Path.GetFullPath(parsed.GetValue(outputOption)!), models = parsed.GetValue(loadOption) ?? output;
        (string detector, string encoder) = (Path.Combine(models, "detector.zip"), Path.Combine(models, "encoder.zip"));
        if (parsed.GetValue(loadOption) is null)
        {
            Scene[] scenes = DrawnScene.Make(Path.Combine(output, "scenes"), first: 0, parsed.GetValue(scenesOption));
            ObjectPipelines.TrainDetector(ml, detector, scenes, parsed.GetValue(epochsOption), parsed.GetValue(thresholdOption));
            ObjectPipelines.SaveEncoder(ml, encoder);
        }
        string[] images = parsed.GetValue(imagesArgument)!;
        if (images.Length == 0)
            images = [.. DrawnScene.Make(Path.Combine(output, "new"), first: 1_000_000, count: 10).Select(scene => scene.Path)];
        IndexedObject[] objects = [.. ObjectPipelines.Index(ml, detector, encoder, images)];
        File.WriteAllLines(Path.Combine(output, "index.jsonl"), objects.Select(found => JsonSerializer.Serialize(found)));
        foreach (IndexedObject found in objects)
        {
            // The coarse tokens say most: an object is like another as far as their leading tokens agree, and then by how many do.
            IndexedObject? like = objects.Where(other => other != found).MaxBy(other => Alike(found.Tokens, other.Tokens));
            Console.WriteLine($"{Path.GetFileName(found.Path)}: {found.Name,-8}{found.Score,5:0%}" + (like is null ? "" : $"  most like {like.Name} of {Path.GetFileName(like.Path)}, {Alike(found.Tokens, like.Tokens).Equal} tokens alike"));
        }
        Console.WriteLine($"{objects.Length} objects on {images.Length} images; see {Path.Combine(output, "index.jsonl")}.");
        return 0;
    }
    catch (Exception fault) when (fault is ArgumentException or IOException or InvalidOperationException or ResTok.Models.Runtime.TorchRuntimeException)
    {
        Console.Error.WriteLine(fault.Message);
        return 1;
    }
});
return command.Parse(args).Invoke();

static (int Leading, int Equal) Alike(int[] one, int[] other) =>
    (one.Zip(other).TakeWhile(pair => pair.First == pair.Second).Count(), one.Zip(other).Count(pair => pair.First == pair.Second));
