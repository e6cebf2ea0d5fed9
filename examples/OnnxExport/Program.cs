// Writes a tokenizer and a generator as ONNX files, for examples/Onnx, examples/Browser, and whatever else runs ONNX:
//   dotnet run --project examples/OnnxExport -c Release -- --output onnx
using System.CommandLine;
using System.Diagnostics;
using ResTok.MLNet;
using ResTok.MLNet.Onnx;

var tokenizerName = new Option<string?>("--tokenizer") { Description = Models.Names };
var generatorName = new Option<string?>("--generator") { Description = Models.Names };
var precision = new Option<OnnxPrecision>("--precision") { Description = "Of products and convolutions." };
var output = new Option<string>("--output") { Description = "The folder to write to.", DefaultValueFactory = _ => "out/onnx" };
var command = new RootCommand("Writes ResTok models as ONNX files.") { tokenizerName, generatorName, precision, output };
command.SetAction(async (given, cancellation) =>
{
    string folder = given.GetRequiredValue(output);
    var options = new OnnxExportOptions { Precision = given.GetValue(precision) };
    using ResTokTokenizer tokenizer = await Models.TokenizerAsync(given.GetValue(tokenizerName), cancellation);
    using ResTokGenerator generator = await Models.GeneratorAsync(given.GetValue(generatorName), cancellation);
    long start = Stopwatch.GetTimestamp();
    tokenizer.ExportOnnx(folder, options);
    generator.ExportOnnx(folder, options);
    if (given.GetValue(generatorName) is null)
        File.WriteAllLines(Path.Combine(folder, "classes.txt"), DemoGenerator.Classes);
    foreach (FileInfo file in new DirectoryInfo(folder).GetFiles().OrderBy(file => file.Name, StringComparer.Ordinal))
        Console.WriteLine($"{file.Name,-24} {file.Length,14:N0} bytes");
    Console.WriteLine($"Written in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s.");
});
return await command.Parse(args).InvokeAsync();
