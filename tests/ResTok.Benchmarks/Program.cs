// Measures speed and memory of the models against the machine's own ceiling. See README.md for the command line.
using System.CommandLine;
using System.Globalization;
using ResTok.Benchmarks;
using ResTok.Benchmarks.Commands;
using ResTok.Benchmarks.Measuring;
using ResTok.MLNet.Onnx;
using ResTok.Models;
using ResTok.Models.Runtime;
using TorchSharp;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var size = new Option<ModelSize>("--size") { Description = "Which model.", DefaultValueFactory = _ => ModelSize.Large, Recursive = true };
var batch = new Option<int[]>("--batch") { Description = "Images in a call.", DefaultValueFactory = _ => [1, 8], AllowMultipleArgumentsPerToken = true, Recursive = true };
var precision = new Option<Precision[]>("--precision") { Description = "Number formats.", DefaultValueFactory = _ => [Precision.Float32, Precision.BFloat16], AllowMultipleArgumentsPerToken = true, Recursive = true };
var threads = new Option<int?>("--threads") { Description = "Of libtorch; its own choice by default.", Recursive = true };
var rounds = new Option<int>("--rounds") { Description = "How often everything is measured in turn; tables give medians.", DefaultValueFactory = _ => 3, Recursive = true };
var quick = new Option<bool>("--quick") { Description = "The small model, one image a call, one round: to see that it works, not to quote.", Recursive = true };
var images = new Option<int>("--images") { Description = "How many.", DefaultValueFactory = _ => 100 };

var command = new RootCommand("Measures encoding, decoding and generating against the machine's own ceiling.") { size, batch, precision, threads, rounds, quick };
Add("model", "Seconds per image, GFLOP/s, and the fraction of the ceiling.", (settings, _) =>
{
    using var run = new ModelCommand(settings);
    run.Run();
});
Add("peak", "What the processor itself can do: multiply-adds and reading memory.", (settings, _) => new PeakCommand(settings).Run());
Add("stages", "Where the time of encoding and decoding goes.", (settings, _) => new StagesCommand(settings).Run());
Add("choices", "What every choice of kernel gains over the plain operation.", (settings, _) => new ChoicesCommand(settings).Run());
Add("generate", "One image with guidance, pass by pass, against reading the weights.", (settings, _) => new GenerateCommand(settings).Run());
Add("pipeline", "Rows of an IDataView against the bare model.", (settings, _) => new PipelineCommand(settings).Run());
Add("load", "Time to load against reading the file, and peak memory.", (settings, _) => new LoadCommand(settings).Run());
Add("precision", "What bfloat16 changes in tokens and images.", (settings, given) => new PrecisionCommand(settings, given.GetValue(quick) ? 8 : given.GetValue(images)).Run()).Add(images);
Add("kernels", "What curing hidden caches costs, and doing without oneDNN: auto, plain and safe in turns.", (settings, _) => new KernelsCommand(settings).Run());

var features = new Option<int>("--features") { Description = "Generated images of the metrics' part, a multiple of 500.", DefaultValueFactory = _ => 50_000 };
Add("evaluation", "The Inception network against large products, and memory of the metrics on many features.", (settings, given) => new EvaluationCommand(settings, given.GetValue(quick) ? 1000 : given.GetValue(features)).Run()).Add(features);

var peers = new Option<OnnxPrecision[]>("--peers") { Description = "Number formats of ONNX Runtime.", DefaultValueFactory = _ => [OnnxPrecision.Float32, OnnxPrecision.Float16], AllowMultipleArgumentsPerToken = true };
Add("peers", "This library against ONNX Runtime on the same weights, in turns.", (settings, given) => new PeersCommand(settings, given.GetValue(peers)!).Run()).Add(peers);

var folder = new Argument<string>("folder");
var childPrecision = new Argument<Precision>("number format");
var childBatch = new Argument<int>("images");
var child = new Command("child", "Loads in a process of its own.") { folder, childPrecision, childBatch };
child.Hidden = true;
child.SetAction(given => LoadCommand.RunChild(given.GetValue(folder)!, given.GetValue(childPrecision), given.GetValue(childBatch), given.GetValue(threads)));
command.Add(child);
var turns = new Command("turns", "Measures in a process of its own, a round for every line of its input.") { childPrecision, childBatch };
turns.Hidden = true;
turns.SetAction(given => KernelsCommand.RunChild(given.GetValue(size), given.GetValue(childPrecision), given.GetValue(childBatch)));
command.Add(turns);
return command.Parse(args).Invoke();

Command Add(string name, string description, Action<BenchmarkSettings, ParseResult> run)
{
    var subcommand = new Command(name, description);
    subcommand.SetAction(given =>
    {
        TorchRuntime.EnsureLoaded();
        if (given.GetValue(threads) is { } count)
            torch.set_num_threads(count);
        Console.WriteLine($"{name}: {Machine.Describe()}");
        run(given.GetValue(quick)
            ? new(ModelSize.Small, [1], given.GetValue(precision)!, 1)
            : new(given.GetValue(size), given.GetValue(batch)!, given.GetValue(precision)!, given.GetValue(rounds)), given);
    });
    command.Add(subcommand);
    return subcommand;
}
