// Encodes, decodes and generates in ONNX Runtime, in a program without libtorch, from what examples/OnnxExport wrote:
//   dotnet run --project examples/OnnxExport -c Release -- --output onnx
//   dotnet run --project examples/Onnx -c Release -- --models onnx
using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML.Data;
using OnnxExample;
using ResTok.MLNet.Onnx;
using ResTok.Models;

var images = new Argument<string[]>("images") { Description = "Files or folders; examples/pictures if none.", DefaultValueFactory = _ => [] };
var models = new Option<string>("--models") { Description = "The folder that examples/OnnxExport wrote.", DefaultValueFactory = _ => "out/onnx" };
var output = new Option<string>("--output") { Description = "The folder to write to.", DefaultValueFactory = _ => "out" };
var command = new RootCommand("Uses ResTok models in ONNX Runtime.") { images, models, output };
command.SetAction(given =>
{
    string folder = given.GetRequiredValue(models), results = given.GetRequiredValue(output);
    Directory.CreateDirectory(results);
    using var tokenizer = OnnxTokenizer.Load(folder);
    using var generator = OnnxGenerator.Load(folder);

    // Images to tokens, and back from the first quarter of them and from all.
    string[] files = ExamplePictures.Find(given.GetRequiredValue(images));
    foreach (string file in files)
    {
        using MLImage image = MLImage.CreateFromFile(file);
        OnnxEncoding encoding = tokenizer.Encode(OnnxImages.ToPixels([image], tokenizer.Config.CropSize));
        string name = Path.GetFileNameWithoutExtension(file);
        Console.WriteLine($"{name}: {string.Join(' ', encoding.Tokens[0])}");
        Save(tokenizer.Decode(encoding.Tokens, tokenizer.Levels.TokenCount / 4), index => $"{name}.coarse.png");
        Save(tokenizer.Decode(encoding.Tokens), index => $"{name}.png");
    }

    // A new image of each of the first classes.
    int[] classes = [.. Enumerable.Range(0, Math.Min(16, generator.Config.Classes))];
    IReadOnlyList<IReadOnlyList<int>> tokens = generator.Generate(new(classes), SamplingOptions.Official with { Seed = 7 });
    Save(tokenizer.Decode(tokens), index => $"class{classes[index]}.png");

    // The same in a pipeline of this library's stages, and of ML.NET's own.
    StagePipeline.Run(folder, files, results);
    PlainPipeline.Run(folder, tokenizer.Config, Directory.GetFiles(results, "class*.png"), results);

    bool hasTorch = Process.GetCurrentProcess().Modules.Cast<ProcessModule>().Any(module => module.ModuleName.Contains("torch_cpu", StringComparison.OrdinalIgnoreCase));
    Console.WriteLine(hasTorch ? "libtorch was loaded." : "Done without libtorch.");

    void Save(float[] pixels, Func<int, string> nameOf)
    {
        IReadOnlyList<MLImage> images = OnnxImages.FromPixels(pixels, tokenizer.Config.ImageSize);
        for (int i = 0; i < images.Count; i++)
        {
            using MLImage image = images[i];
            image.Save(Path.Combine(results, nameOf(i)));
        }
    }
});
return command.Parse(args).Invoke();
