#:sdk Microsoft.NET.Sdk.Web
#:package ResTok.MLNet.Cpu@0.1.0
#:package ResTok.MLNet.DemoModel@0.1.0
#:package ResTok.MLNet.Interactive@0.1.0
#:property PublishAot=false
// dotnet run serve.cs: GET /?label=house&seed=7 is a page with an image of that class; POST an image file to /tokens for its tokens.
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet;
using ResTok.MLNet.Interactive;

var ml = new MLContext();
using var tokenizer = ResTokTokenizer.Demo();
using var generator = ResTokGenerator.Demo();
var draw = ml.Transforms.ResTokGenerate("Tokens", "Label", generator, new() { SeedColumnName = "Seed" })
    .Append(ml.Transforms.ResTokDecode("Drawn", "Tokens", tokenizer)).Fit(ml.Data.LoadFromEnumerable<Wish>([]));
var encode = ml.Transforms.ResTokLoadImages("Image", "File")
    .Append(ml.Transforms.ResTokEncode("Tokens", "Image", tokenizer)).Fit(ml.Data.LoadFromEnumerable<Upload>([]));

var app = WebApplication.CreateBuilder(args).Build();
app.MapGet("/", (string? label, int? seed) =>
{
    var report = new HtmlReport("A generated image");
    report.Add(draw.Transform(ml.Data.LoadFromEnumerable([new Wish(label ?? generator.Config.ClassNames![0], seed ?? 1)])));
    return Results.Content(report.ToHtml(), "text/html; charset=utf-8");
});
app.MapPost("/tokens", async (HttpRequest request) =>
{
    using var body = new MemoryStream();
    await request.Body.CopyToAsync(body);
    return encode.Transform(ml.Data.LoadFromEnumerable([new Upload(body.ToArray())])).GetColumn<int[]>("Tokens").Single();
});
app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine($"See {app.Urls.First()}"));
app.Run();

record Wish(string Label, int Seed);
record Upload(byte[] File);
