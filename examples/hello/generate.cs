#:package ResTok.MLNet.Cpu@0.1.0
#:package ResTok.MLNet.DemoModel@0.1.0
#:package ResTok.MLNet.Interactive@0.1.0
#:property PublishAot=false
// dotnet run generate.cs house flower: four images of each class; of all classes if none is named.
using Microsoft.ML;
using ResTok.MLNet;
using ResTok.MLNet.Interactive;
using ResTok.Models;

var ml = new MLContext();
using var tokenizer = ResTokTokenizer.Demo();
using var generator = ResTokGenerator.Demo();   // or await FromHubAsync("xushu-me/llamagen_l_c2i_restok_l_128.r256_in1k"), with its tokenizer
ClassNames names = generator.Config.ClassNames!;
if (args.FirstOrDefault(name => !names.TryFind(name, out _)) is { } unknown)
{
    Console.Error.WriteLine($"There is no class \"{unknown}\", but these: {names}.");
    return 1;
}
IEnumerable<string> classes = args.Length > 0 ? args : names;
var wishes = ml.Data.LoadFromEnumerable(classes.Select(name => new { Class = name }));
int[] seeds = [1, 2, 3, 4];

IEstimator<ITransformer> pipeline = ml.Transforms.CopyColumns("Label", "Class");
foreach (int seed in seeds)
{
    var sampling = DemoGenerator.Sampling with { Seed = seed };   // SamplingOptions.Official with the official models
    pipeline = pipeline.Append(ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { Sampling = sampling }))
        .Append(ml.Transforms.ResTokDecode($"Seed {seed}", "Tokens", tokenizer));
}
pipeline = pipeline.Append(ml.Transforms.SelectColumns([.. seeds.Select(seed => $"Seed {seed}").Prepend("Class")]));
var model = pipeline.Fit(wishes);

var report = new HtmlReport("Generated images");
report.Add(model.Transform(wishes), rows: 1000);
Console.WriteLine($"See {report.Save("generate.html")}");
(model as IDisposable)?.Dispose();
return 0;
