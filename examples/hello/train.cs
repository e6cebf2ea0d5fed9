#:package ResTok.MLNet.Cpu@0.1.0
#:package ResTok.MLNet.DemoModel@0.1.0
#:package ResTok.MLNet.Interactive@0.1.0
#:property PublishAot=false
// dotnet run train.cs folder [steps]: trains the demo tokenizer further on the images of a folder, and saves it in "trained".
using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResTok.MLNet;
using ResTok.MLNet.Interactive;

if (args.Length == 0) { Console.Error.WriteLine("Usage: dotnet run train.cs FOLDER [STEPS]"); return 1; }
var ml = new MLContext(seed: 1);
ml.Log += (_, entry) => { if (entry.Source.StartsWith("ResTok") && entry.Kind >= ChannelMessageKind.Info) Console.WriteLine(entry.RawMessage); };
using var demo = ResTokTokenizer.Demo();
var files = Directory.EnumerateFiles(args[0]).Where(file => Path.GetExtension(file).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg" or ".webp").Order().ToArray();
var paths = ml.Data.LoadFromEnumerable(files.Select(path => new { Path = path }));
var images = ml.Transforms.ResTokLoadImages("Image", "Path").Fit(paths).Transform(paths);

var curve = new TrainingCurve();
var trainer = ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new()
{
    InitialModel = demo,                        // without it, Config says what to train from nothing
    Training = new() { Steps = args.Length > 1 ? int.Parse(args[1]) : 200, BatchSize = 8, LearningRate = 6e-5, WarmupSteps = 10, LogEvery = 5, Progress = curve },
});
using var encode = trainer.Fit(images);
using var trained = encode.ShareModel();
trained.Save("trained");

var compare = ml.Transforms.ResTokEncode("Demo tokens", "Image", demo).Append(ml.Transforms.ResTokDecode("Before", "Demo tokens", demo))
    .Append(ml.Transforms.ResTokEncode("Tokens", "Image", trained)).Append(ml.Transforms.ResTokDecode("After", "Tokens", trained))
    .Append(ml.Transforms.SelectColumns("Image", "Before", "After", "Tokens")).Fit(images);
var report = new HtmlReport("A tokenizer trained further");
report.Add(curve);
report.Add(compare.Transform(images), rows: 12);
Console.WriteLine($"See {report.Save("train.html")}; ResTokTokenizer.Load opens {Path.GetFullPath("trained")}");
return 0;
