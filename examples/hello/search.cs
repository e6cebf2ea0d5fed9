#:package ResTok.MLNet.Cpu@0.1.0
#:package ResTok.MLNet.DemoModel@0.1.0
#:package ResTok.MLNet.Interactive@0.1.0
#:property PublishAot=false
// dotnet run search.cs folder: the images of a folder, each with the three that are most like it by the tokenizer's features.
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet;
using ResTok.MLNet.Interactive;

if (args.Length == 0) { Console.Error.WriteLine("Usage: dotnet run search.cs FOLDER"); return 1; }
var ml = new MLContext();
using var tokenizer = ResTokTokenizer.Demo();
var files = Directory.EnumerateFiles(args[0]).Where(file => Path.GetExtension(file).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg" or ".webp").Order().ToArray();
var images = ml.Data.LoadFromEnumerable(files.Select(path => new { Path = path }));
using var model = ml.Transforms.ResTokLoadImages("Image", "Path")
    .Append(ml.Transforms.ResTokEncode("Tokens", "Image", tokenizer, new() { FeaturesColumnName = "Semantic" }))
    .Append(ml.Transforms.NormalizeMeanVariance("Features", "Semantic", fixZero: false))
    .Append(ml.Transforms.NormalizeLpNorm("Features")).Fit(images);
float[][] features = [.. model.Transform(images).GetColumn<float[]>("Features")];

var report = new HtmlReport("Images and those most like them");
report.Add("On the left an image, beside it the three most like it: the number is the cosine between their features, 1 for the same.");
for (int i = 0; i < Math.Min(files.Length, 20); i++)
{
    double Likeness(int other) => features[i].Zip(features[other], (x, y) => x * y).Sum();
    int[] found = [.. Enumerable.Range(0, files.Length).Where(other => other != i).OrderByDescending(Likeness).Take(3).Prepend(i)];
    MLImage[] shown = [.. found.Select(index => ResTokImages.Load(files[index]))];
    string Name(int index) => Path.GetFileName(files[index]);
    report.Add(shown, $"{Name(i)}: {string.Join(", ", found[1..].Select(index => $"{Name(index)} {Likeness(index):0.00}"))}");
    foreach (MLImage image in shown)
        image.Dispose();
}
Console.WriteLine($"See {report.Save("search.html")}");
return 0;
