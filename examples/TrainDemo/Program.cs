// Trains the demo model on pictures that it draws itself, measures it and writes its model card. See README.md for the command line.
using System.CommandLine;
using System.Globalization;
using Microsoft.ML;
using ResTok.MLNet;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var outputOption = new Option<string>("--output") { Description = "Where to write; a run that was interrupted there goes on.", DefaultValueFactory = _ => "out/demo" };
var tokenizerStepsOption = new Option<int>("--tokenizer-steps") { Description = "Optimiser steps of the tokenizer.", DefaultValueFactory = _ => 12_000 };
var generatorStepsOption = new Option<int>("--generator-steps") { Description = "Optimiser steps of the generator.", DefaultValueFactory = _ => 3000 };
var drawingsOption = new Option<int>("--drawings") { Description = "Drawings whose tokens the generator learns.", DefaultValueFactory = _ => DemoRecipe.EncodedDrawings };
var command = new RootCommand("Trains the demo model: a tokenizer and a generator of 64×64 drawings.") { outputOption, tokenizerStepsOption, generatorStepsOption, drawingsOption };
command.SetAction((parsed, cancellation) => Task.Run(() =>
{
    try
    {
        Train(Path.GetFullPath(parsed.GetValue(outputOption)!), parsed.GetValue(tokenizerStepsOption), parsed.GetValue(generatorStepsOption), parsed.GetValue(drawingsOption), cancellation);
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
}));
return await command.Parse(args).InvokeAsync();

static void Train(string output, int tokenizerSteps, int generatorSteps, int drawings, CancellationToken cancellation)
{
    Directory.CreateDirectory(output);
    var ml = new MLContext(seed: 1);
    ml.Log += (_, entry) =>
    {
        if (entry.Source.StartsWith("ResTok", StringComparison.Ordinal) && entry.Kind >= Microsoft.ML.Runtime.ChannelMessageKind.Info)
            Console.WriteLine(entry.RawMessage);
    };

    // 1. The tokenizer, on drawings that never repeat.
    int classes = Drawings.Classes.Count, heldOut = DemoRecipe.FirstHeldOut;
    using (ResTokEncodingTransformer encode = ml.Transforms.ResTokTokenizerTrainer("Tokens", "Image", new()
    {
        Config = DemoRecipe.Tokenizer,
        RandomCrop = false,
        RandomFlip = false,
        Training = DemoRecipe.TokenizerTraining(Path.Combine(output, "tokenizer-run"), tokenizerSteps),
        Cancellation = cancellation,
    }).Fit(DrawingRow.View(ml, 0, DemoRecipe.FirstForClassifier), DrawingRow.View(ml, heldOut, 8 * classes)))
    {
        // 2. Tokens of drawings for the generator, kept in ML.NET's binary format.
        string tokens = Path.Combine(output, "tokens.idv");
        if (!File.Exists(tokens))
        {
            IDataView encoded = encode.Transform(DrawingRow.View(ml, 0, drawings));
            IDataView columns = ml.Transforms.SelectColumns("Tokens", "Label").Fit(encoded).Transform(encoded);
            using (FileStream file = File.Create(tokens + ".tmp"))
                ml.Data.SaveAsBinary(columns, file);
            File.Move(tokens + ".tmp", tokens);
        }
    }
}
