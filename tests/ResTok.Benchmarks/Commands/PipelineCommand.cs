using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using ResTok.Benchmarks.Measuring;
using ResTok.MLNet;
using ResTok.Models;
using static TorchSharp.torch;

namespace ResTok.Benchmarks.Commands;

/// <summary>Encoding and decoding rows of an <c>IDataView</c> against the same batches given to the model itself.</summary>
internal sealed class PipelineCommand(BenchmarkSettings settings)
{
    private const int Batches = 2, Side = 256;

    private readonly MLContext ml = new(seed: 1);

    public void Run()
    {
        var table = new MarkdownTable($"{settings.Size}, encode and decode, rounds: {settings.Rounds}", "batch", "precision", "model s/image", "±", "pipeline s/image", "±", "overhead", "from files s/image", "overhead");
        foreach (Precision precision in settings.Precisions)
        {
            ImageTokenizer tokenizer = Subjects.Tokenizer(settings.Size, precision);
            using ResTokTokenizer model = ResTokTokenizer.FromModel(tokenizer);
            foreach (int batch in settings.Batches)
            {
                (Samples bare, Samples pipeline, Samples files) = Measure(tokenizer, model, batch);
                double rows = batch * Batches;
                table.Add("pipeline", $"{batch}", $"{precision}", $"{bare.Median / rows:0.000}", $"{bare.Spread:0.0 %}", $"{pipeline.Median / rows:0.000}", $"{pipeline.Spread:0.0 %}",
                    $"{pipeline.Over(bare) - 1:0.0 %}", $"{files.Median / rows:0.000}", $"{files.Over(bare) - 1:0.0 %}");
            }
        }
        table.Print();
        Console.WriteLine($"{Batches} batches a round. The pipeline's images are in memory and of the model's size; those from files are examples/pictures, read and resized.");
    }

    private (Samples Bare, Samples Pipeline, Samples Files) Measure(ImageTokenizer tokenizer, ResTokTokenizer model, int batch)
    {
        using var scope = NewDisposeScope();
        Tensor images = Subjects.Images(batch, tokenizer.Config);
        using MLImage image = MLImage.CreateFromPixels(Side, Side, MLPixelFormat.Rgba32, Drawings.Draw(0, Side));
        IDataView inMemory = ml.Data.LoadFromEnumerable(Enumerable.Repeat(new ImageRow { Image = image }, batch * Batches));
        string[] paths = ExamplePictures.Find([]);
        IDataView onDisk = ml.Data.LoadFromEnumerable(Enumerable.Range(0, batch * Batches).Select(i => new PathRow { Path = paths[i % paths.Length] }));

        var stages = ml.Transforms.ResTokEncode("Tokens", "Image", model, new() { BatchSize = batch })
            .Append(ml.Transforms.ResTokDecode("Rebuilt", "Tokens", model, options: new() { BatchSize = batch }));
        using var ofImages = stages.Fit(inMemory);
        using var ofFiles = ml.Transforms.LoadImages("Image", "", "Path").Append(stages).Fit(onDisk);

        Read(ofFiles.Transform(ml.Data.TakeRows(onDisk, 1))); // to warm up
        Samples bare = new(), pipeline = new(), files = new();
        for (int round = 0; round < settings.Rounds; round++)
        {
            bare.Time(RunBare);
            pipeline.Time(() => Read(ofImages.Transform(inMemory)));
            files.Time(() => Read(ofFiles.Transform(onDisk)));
        }
        return (bare, pipeline, files);

        void RunBare()
        {
            for (int i = 0; i < Batches; i++)
            {
                using TokenizerEncoding encoding = tokenizer.Encode(images);
                tokenizer.Decode(encoding.Tokens).Dispose();
            }
        }
    }

    private static void Read(IDataView view)
    {
        foreach (MLImage image in view.GetColumn<MLImage>("Rebuilt"))
            image.Dispose();
    }

    private sealed class ImageRow
    {
        [ImageType(Side, Side)]
        public MLImage? Image { get; set; }
    }

    private sealed class PathRow
    {
        public string Path { get; set; } = "";
    }
}
