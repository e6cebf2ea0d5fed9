// Trains the demo model on photographs and on pictures that it draws itself. See examples/README.md for the command line.
using System.CommandLine;
using System.Globalization;
using Microsoft.ML;
using ResTok.MLNet;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var outputOption = new Option<string>("--output") { Description = "Where to write; a run that was interrupted there goes on.", DefaultValueFactory = _ => "out/demo" };
var photographsOption = new Option<string?>("--photographs") { Description = "A folder of webdataset shards (*.tar with set/class/name.jpg); without, it learns from drawings alone." };
var tokenizerStepsOption = new Option<int>("--tokenizer-steps") { Description = "Optimiser steps of the tokenizer.", DefaultValueFactory = _ => 20_000 };
var generatorStepsOption = new Option<int>("--generator-steps") { Description = "Optimiser steps of the generator.", DefaultValueFactory = _ => 10_000 };
var batchOption = new Option<int>("--batch") { Description = "Pictures of the tokenizer's steps; the generator's have twice as many.", DefaultValueFactory = _ => 16 };
var picturesOption = new Option<int>("--pictures") { Description = "Pictures whose tokens the generator learns.", DefaultValueFactory = _ => 50_000 };
var continueOption = new Option<bool>("--continue") { Description = "Train the tokenizer that ships further, and not a fresh one." };
var decoderOption = new Option<bool>("--decoder-only") { Description = "Train only the decoder of the tokenizer that ships, by the ResNet-18 perceptual distance too; its tokens and the generator stay." };
var gpuOption = new Option<int?>("--gpu") { Description = "Index of the GPU to train on; without, the processor." };
var command = new RootCommand("Trains the demo model: a tokenizer and a generator of 64×64 pictures.")
{
    outputOption, photographsOption, tokenizerStepsOption, generatorStepsOption, batchOption, picturesOption, continueOption, decoderOption, gpuOption,
};
command.SetAction((parsed, cancellation) => RunAsync(() =>
{
    string output = Directory.CreateDirectory(parsed.GetValue(outputOption)!).FullName;
    MLContext ml = Context(parsed.GetValue(gpuOption));
    var data = new DemoData(ml, parsed.GetValue(photographsOption) is { } folder ? new(() => Photographs.Read(folder)) : null);
    int batch = parsed.GetValue(batchOption);
    var training = new DemoTraining(ml, output, data, cancellation);
    (int, int) length = (parsed.GetValue(tokenizerStepsOption), batch);
    if (parsed.GetValue(decoderOption))
        training.RunDecoder(length);
    else
        training.Run(length, (parsed.GetValue(generatorStepsOption), 2 * batch), parsed.GetValue(picturesOption), parsed.GetValue(continueOption));
    Console.WriteLine($"To ship it, copy {Path.Combine(output, "model")} over src/ResTok.MLNet.DemoModel; restok evaluate measures it for its card.");
}));
// An interrupted run ends with its step and writes a checkpoint.
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });

static MLContext Context(int? gpu)
{
    var ml = new MLContext(seed: 1) { GpuDeviceId = gpu };
    ml.Log += (_, entry) =>
    {
        if (entry.Source.StartsWith("ResTok", StringComparison.Ordinal) && entry.Kind >= Microsoft.ML.Runtime.ChannelMessageKind.Info)
            Console.WriteLine(entry.RawMessage);
    };
    return ml;
}

static Task<int> RunAsync(Action action) => Task.Run(() =>
{
    try
    {
        action();
        return 0;
    }
    catch (OperationCanceledException)
    {
        Console.Error.WriteLine("Stopped. The same command goes on from the last checkpoint.");
        return 1;
    }
    catch (Exception fault) when (fault is ArgumentException or IOException or InvalidOperationException or InvalidDataException or ResTok.Models.Runtime.TorchRuntimeException)
    {
        Console.Error.WriteLine(fault.Message);
        return 1;
    }
});
