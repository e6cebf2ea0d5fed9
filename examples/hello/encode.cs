#:package ResTok.MLNet.Cpu@0.1.0
#:package ResTok.MLNet.DemoModel@0.1.0
#:package ResTok.MLNet.Interactive@0.1.0
#:property PublishAot=false
using Microsoft.ML;
using ResTok.MLNet;
using ResTok.MLNet.Interactive;

var ml = new MLContext();
using var tokenizer = ResTokTokenizer.Demo();   // or Load("folder"), or await FromHubAsync("xushu-me/restok_l_128.r256_in1k")
var images = ml.Data.LoadFromEnumerable(args.Select(path => new { Path = path }));
using var model = ml.Transforms.ResTokLoadImages("Image", "Path")
    .Append(ml.Transforms.ResTokEncode("Tokens", "Image", tokenizer))
    .Append(ml.Transforms.ResTokDecode("From 8", "Tokens", tokenizer, tokenCount: 8))
    .Append(ml.Transforms.ResTokDecode("From all", "Tokens", tokenizer)).Fit(images);

var report = new HtmlReport("Images as tokens");
report.Add(model.Transform(images));
Console.WriteLine($"See {report.Save("encode.html")}");
