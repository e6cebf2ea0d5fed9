using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet;
using ResTok.Models.Training;
using ResTok.Tool.CommandLine;
using ResTok.Tool.Inputs;
using ResTok.Tool.Models;
using TorchSharp;

namespace ResTok.Tool.Verbs;

/// <summary><c>restok train</c>: a tokenizer from images, or a generator from a token table, by a YAML file of the reference's layout.</summary>
internal static class TrainVerb
{
    private const int ShuffledImages = 1000; // at a time, in memory as files

    public static Command Create()
    {
        var config = new Argument<string>("config") { Description = "A YAML file of the reference's layout (configs/…), or a config.json." };
        var data = new Argument<string[]>("data") { Description = "For a generator a token table with labels; for a tokenizer: " + ImageSources.Names, Arity = ArgumentArity.OneOrMore };
        var output = new Option<string>("--output", "-o") { Description = "The run's folder: metrics, checkpoints, and the model at the end. The same command goes on from the last checkpoint.", Required = true };
        var steps = new Option<int?>("--steps") { Description = "Optimiser steps, in place of the file's." };
        var batch = new Option<int?>("--batch") { Description = "Samples of a step, in place of the file's." };
        var vgg = new Option<string?>("--vgg") { Description = "VGG weights of the perceptual loss, if the file asks for it." };
        var lpips = new Option<string?>("--lpips") { Description = "LPIPS weights of the perceptual loss." };
        var dino = new Option<string?>("--dino") { Description = "DINO weights of the discriminator." };
        var model = new ModelOptions();
        var command = new Command("train", "Trains a tokenizer on images, or a generator on a token table, which is streamed.") { config, data, output, steps, batch, vgg, lpips, dino };
        model.AddDeviceTo(command);
        return command.Runs((parsed, stop) =>
        {
            var file = new TrainingFile(parsed.GetValue(config)!);
            string[] inputs = parsed.GetValue(data)!;
            torch.Device device = model.ReadDevice(parsed);
            var ml = new MLContext(seed: 1) { GpuDeviceId = device.type == DeviceType.CUDA ? Math.Max(0, device.index) : null };
            ml.Log += (_, line) =>
            {
                if (line.Kind >= Microsoft.ML.Runtime.ChannelMessageKind.Info && line.Source.Contains("ResTok", StringComparison.Ordinal))
                    Console.Error.WriteLine(line.Message);
            };
            T Overridden<T>(T options)
                where T : TrainingOptions => options with
                {
                    RunFolder = parsed.GetValue(output),
                    Steps = parsed.GetValue(steps) ?? options.Steps,
                    BatchSize = parsed.GetValue(batch) ?? options.BatchSize,
                    Progress = new Lines(),
                };
            if (file.IsTokenizer)
            {
                TokenizerTrainingOptions training = Overridden(file.TokenizerTraining()) with { VggCheckpoint = parsed.GetValue(vgg), LpipsCheckpoint = parsed.GetValue(lpips), DinoCheckpoint = parsed.GetValue(dino) };
                ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new() { Config = file.Tokenizer(), Training = training, OnInvalidRow = InvalidRowHandling.Missing, CancellationToken = stop })
                    .Fit(Images(ml, inputs)).Dispose();
            }
            else
            {
                string table = inputs.Length == 1 ? inputs[0] : throw new ArgumentException("A generator learns from one token table: a file, a folder or a pattern in quotes.");
                ml.Transforms.ResTokTrainGenerator("Generated", "Tokens", "Label", new() { Config = file.Generator(), Training = Overridden(file.GeneratorTraining()), CancellationToken = stop })
                    .Fit(ml.Data.LoadTokenTable(table)).Dispose();
            }
            Console.WriteLine($"{parsed.GetValue(output)} has the model.");
            return Task.FromResult(0);
        });
    }

    private static IDataView Images(MLContext ml, string[] inputs)
    {
        IDataView files = ml.Data.LoadFromEnumerable(ImageSources.Open(inputs).SelectMany(source => source.Read()).Select(image => new FileRow { Image = Content(image) }));
        return ml.Transforms.ResTokLoadImages("Image", options: new() { OnInvalidRow = InvalidRowHandling.Missing })
            .Fit(files).Transform(ml.Data.ShuffleRows(files, seed: 1, shufflePoolSize: ShuffledImages, shuffleSource: false));
    }

    /// <summary>What cannot be read is empty, and left out by the trainer.</summary>
    private static byte[] Content(InputImage image)
    {
        try
        {
            return image.Read();
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"restok: not usable: {fault.Message}");
            return [];
        }
    }

    private sealed class Lines : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => Console.WriteLine(FormattableString.Invariant(
            $"step {value.Step} of {value.Steps}: {string.Join(", ", value.Metrics.Select(metric => FormattableString.Invariant($"{metric.Key} {metric.Value:g4}")))}; {value.SamplesPerSecond:0.0} samples/s, {value.TimeLeft:hh\\:mm\\:ss} left"));
    }

    private sealed class FileRow
    {
        [VectorType]
        public byte[] Image { get; set; } = [];
    }
}
