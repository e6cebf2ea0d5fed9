using System.CommandLine;
using ResTok.MLNet.Onnx;
using ResTok.Models;
using ResTok.Models.Checkpoints;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Models;
using TorchSharp;

namespace ResTok.Tool.Verbs;

/// <summary><c>restok export</c>: a model as ONNX files.</summary>
internal static class ExportVerb
{
    public static Command Create()
    {
        var output = new Option<string>("--output", "-o") { Description = "The folder for the ONNX files.", Required = true };
        var kind = new Option<ModelKind?>("--kind") { Description = "Which model, where the name says both, as 'demo' does." };
        var precision = new Option<OnnxPrecision>("--precision") { Description = "The number format in the files.", DefaultValueFactory = _ => OnnxPrecision.Float32 };
        var model = new Option<string>("--model", "-m") { Description = "A folder or weight file, a model's id on the hub, or 'demo'.", DefaultValueFactory = _ => ModelChoice.Demo };
        return new Command("export", "Writes a model as ONNX files.") { output, kind, precision, model }.Runs(async (parsed, stop) =>
        {
            var choice = new ModelChoice(parsed.GetValue(model)!, Precision.Float32);
            string? path = await choice.LocateAsync(stop).ConfigureAwait(false);
            string folder = parsed.GetValue(output)!;
            var options = new OnnxExportOptions { Precision = parsed.GetValue(precision) };
            ResTok.Models.Runtime.TorchRuntime.EnsureLoaded();
            ModelKind? only = parsed.GetValue(kind) ?? (path is null ? null : ModelKinds.Of(path));
            if (only is null or ModelKind.Tokenizer)
            {
                using ImageTokenizer tokenizer = choice.LoadTokenizer(path, torch.CPU);
                tokenizer.ExportOnnx(folder, options);
            }
            if (only is null or ModelKind.Generator)
            {
                using ImageGenerator generator = choice.LoadGenerator(path, torch.CPU);
                generator.ExportOnnx(folder, options);
            }
            Console.WriteLine($"{folder}: {string.Join(", ", Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal))}");
            return 0;
        });
    }
}
