// Measures speed and memory of the models against the machine's own ceiling. See README.md for the command line.
using System.CommandLine;
using System.Globalization;
using ResTok.Benchmarks;
using ResTok.Benchmarks.Commands;
using ResTok.Benchmarks.Demo;
using ResTok.Benchmarks.Measuring;
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
var ofStep = new Option<int>("--of-step") { Description = "Images of a step.", DefaultValueFactory = _ => 32 };
Add("training", "A step of the demo tokenizer's training.", (settings, given) => new TrainingCommand(settings, given.GetValue(quick) ? 4 : given.GetValue(ofStep)).Run()).Add(ofStep);
Add("resampling", "Resizing images with vectors against one value at a time.", (settings, _) => new ResamplingCommand(settings).Run());
Add("kernels", "What curing hidden caches costs, and doing without oneDNN: auto, plain and safe in turns.", (settings, _) => new KernelsCommand(settings).Run());

Add("evaluation", "The Inception network against the processor's multiply-adds.", (settings, _) => new EvaluationCommand(settings).Run());
var features = new Option<int>("--features") { Description = "Generated images, a multiple of 500.", DefaultValueFactory = _ => 50_000 };
var reference = new Option<int>("--reference") { Description = "Real images, a multiple of 500.", DefaultValueFactory = _ => 10_000 };
Command metrics = Add("metrics", "Time and memory of all metrics of generation on made-up features.", (_, given) =>
    new MetricsCommand(given.GetValue(quick) ? 1000 : given.GetValue(features), given.GetValue(quick) ? 1000 : given.GetValue(reference)).Run());
metrics.Add(features);
metrics.Add(reference);

var shards = new Option<string>("--photographs") { Description = "A folder of webdataset shards, as of examples/TrainDemo.", Required = true };
var model = new Option<string>("--model") { Description = "The folder of tokenizer and generator.", DefaultValueFactory = _ => "src/ResTok.MLNet.DemoModel" };
var output = new Option<string>("--output") { Description = "Where to write shards of held-out images, sheets to look at, and features.", DefaultValueFactory = _ => "out/demo-card" };
var ofClass = new Option<int>("--of-class") { Description = "Photographs of a class that the judge learns from, at most.", DefaultValueFactory = _ => 1000 };
var searchSteps = new Option<int>("--search-steps") { Description = "Of the search for the tokens of reconstructions; 0 for the encoder's." };
var samples = new Option<int>("--samples") { Description = "Generated images of a class, for each way to sample.", DefaultValueFactory = _ => 12 };
var sampling = new Option<string[]>("--sampling") { Description = "Ways to sample, each as schedule,scale,start,temperature,top-k,top-p.", DefaultValueFactory = _ => ["step,3.75,0.25,1,0,0.95", "step,3.75,0.25,0.6,0,0.95"], AllowMultipleArgumentsPerToken = true };
Command demo = Add("demo", "What the demo model's card says beside restok evaluate: whether images are known again, and whether they are copies.", (_, given) =>
    new DemoCommand(given.GetValue(model)!, given.GetValue(shards)!, given.GetValue(output)!, given.GetValue(ofClass), given.GetValue(searchSteps), given.GetValue(samples), [.. given.GetValue(sampling)!.Select(DemoCommand.ParseSampling)]).Run());
foreach (Option option in new Option[] { shards, model, output, ofClass, searchSteps, samples, sampling })
    demo.Add(option);

var peers = new Option<PeerPrecision[]>("--peers") { Description = "Number formats of ONNX Runtime.", DefaultValueFactory = _ => [PeerPrecision.Float32, PeerPrecision.Float16, PeerPrecision.Int8], AllowMultipleArgumentsPerToken = true };
var pause = new Option<bool>("--pause") { Description = "Once models are loaded and warm, waits for a line of input: time to stop other work." };
Command against = Add("peers", "This library against ONNX Runtime on the same weights, in turns.", (settings, given) => new PeersCommand(settings, given.GetValue(peers)!, given.GetValue(pause)).Run());
against.Add(peers);
against.Add(pause);

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
