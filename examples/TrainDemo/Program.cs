// Trains the demo model on pictures that it draws itself, measures it and writes its model card. See README.md for the command line.
using System.CommandLine;
using System.Globalization;
using Microsoft.ML;
using ResTok.MLNet;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var outputOption = new Option<string>("--output") { Description = "Where to write; a run that was interrupted there goes on.", DefaultValueFactory = _ => "out/demo" };
var tokenizerStepsOption = new Option<int>("--tokenizer-steps") { Description = "Optimiser steps of the tokenizer's first run; its second has four fifths of them.", DefaultValueFactory = _ => 10_000 };
var generatorStepsOption = new Option<int>("--generator-steps") { Description = "Optimiser steps of the generator.", DefaultValueFactory = _ => 7_000 };
var drawingsOption = new Option<int>("--drawings") { Description = "Drawings whose tokens the generator learns.", DefaultValueFactory = _ => DemoRecipe.EncodedDrawings };
var command = new RootCommand("Trains the demo model: a tokenizer and a generator of 64×64 drawings.") { outputOption, tokenizerStepsOption, generatorStepsOption, drawingsOption };
command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(outputOption)!, (ml, output) =>
{
    DemoMetrics metrics = new DemoTraining(ml, output, cancellation).Run(parsed.GetValue(tokenizerStepsOption), parsed.GetValue(generatorStepsOption), parsed.GetValue(drawingsOption));
    Console.WriteLine($"To ship it, copy {Path.Combine(output, "model")} over src/ResTok.MLNet.DemoModel.");
    return metrics;
}));
var measureCommand = new Command("measure", "Measures the demo model that ships, without training.") { outputOption };
measureCommand.SetAction((parsed, _) => RunAsync(parsed.GetValue(outputOption)!, (ml, output) =>
{
    using ResTokTokenizer restok = ResTokTokenizer.Demo();
    using ResTokGenerator generator = ResTokGenerator.Demo();
    return new DemoMeasurement(ml, restok, generator).Run(output);
}));
command.Add(measureCommand);
return await command.Parse(args).InvokeAsync();

static Task<int> RunAsync(string folder, Func<MLContext, string, DemoMetrics> action) => Task.Run(() =>
{
    string output = Directory.CreateDirectory(folder).FullName;
    var ml = new MLContext(seed: 1);
    ml.Log += (_, entry) =>
    {
        if (entry.Source.StartsWith("ResTok", StringComparison.Ordinal) && entry.Kind >= Microsoft.ML.Runtime.ChannelMessageKind.Info)
            Console.WriteLine(entry.RawMessage);
    };
    try
    {
        Console.WriteLine(ModelCard.Measured(action(ml, output)));
        Console.WriteLine($"See reconstructions.png and generated.png in {output}.");
        return 0;
    }
    catch (OperationCanceledException)
    {
        Console.Error.WriteLine("Stopped. The same command goes on from the last checkpoint.");
        return 1;
    }
    catch (Exception fault) when (fault is ArgumentException or IOException or InvalidOperationException or ResTok.Models.Runtime.TorchRuntimeException)
    {
        Console.Error.WriteLine(fault.Message);
        return 1;
    }
});
