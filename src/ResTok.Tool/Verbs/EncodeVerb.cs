using System.CommandLine;
using ResTok.MLNet;
using ResTok.MLNet.Tables;
using ResTok.Models;
using ResTok.Models.Checkpoints;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Inputs;
using ResTok.Tool.Models;
using ResTok.Tool.Work;

namespace ResTok.Tool.Verbs;

/// <summary><c>restok encode</c>: images to a token table.</summary>
internal static class EncodeVerb
{
    public static Command Create()
    {
        var inputs = new Argument<string[]>("inputs") { Description = ImageSources.Names, Arity = ArgumentArity.OneOrMore };
        var output = new Option<string>("--output", "-o") { Description = "The table to write, tokens.parquet.", Required = true };
        var batch = new Option<int>("--batch") { Description = "Images a batch.", DefaultValueFactory = _ => 8 };
        var model = new ModelOptions();
        var command = new Command("encode", "Encodes images into a token table.") { inputs, output, batch };
        model.AddTo(command);
        return command.Runs(async (parsed, stop) =>
        {
            ModelChoice choice = model.Read(parsed);
            string? path = await choice.LocateAsync(stop).ConfigureAwait(false);
            List<IImageSource> sources = ImageSources.Open(parsed.GetValue(inputs)!);
            using ImageTokenizer tokenizer = choice.LoadTokenizer(path, model.ReadDevice(parsed));
            var views = new WholeImage(tokenizer.Config.CropSize);
            var meter = new RunMeter();
            List<InvalidInput> invalid = [];
            AtomicFile.Write(Path.GetFullPath(parsed.GetValue(output)!), stream =>
            {
                using var writer = new TokenTableWriter(stream, tokenizer.Config.LatentTokens, new() { Model = choice.Name, CodebookSize = tokenizer.Config.CodebookSize, Preprocessing = views.Description });
                var run = new EncodingRun(tokenizer, views, parsed.GetValue(batch), Environment.ProcessorCount, failOnInvalid: false, meter);
                invalid = ProgressDisplay.Run("encode", sources.Sum(source => source.Count()), meter, () => run.Run(sources.SelectMany(source => source.Read()), writer.Add, stop));
                writer.Complete();
            });
            foreach (InvalidInput input in invalid)
                Console.Error.WriteLine($"not usable: {input.Id}: {input.Error}");
            Console.WriteLine(meter.Describe());
            return 0;
        });
    }
}
