using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Training;
using ResTok.Models;
using ResTok.Models.Training;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

public sealed class TrainingTests : IDisposable
{
    private readonly MLContext ml = new(seed: 1);
    private readonly List<Row> rows = PipelineData.Rows(6);
    private readonly string folder = Directory.CreateTempSubdirectory("restok-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private IDataView Data => ml.Data.LoadFromEnumerable(rows);

    [Fact]
    [Trait("Category", "Slow")]
    public void A_tokenizer_is_trained_by_fit_and_used_saved_and_trained_further()
    {
        var logged = new List<string>();
        ml.Log += (_, entry) => logged.Add(entry.RawMessage);
        var training = new TokenizerTrainingOptions { Steps = 4, BatchSize = 3, WarmupSteps = 1, LogEvery = 2, EvaluateEvery = 4, RunFolder = folder, ValidationWeights = new() };
        ResTokTokenizerTrainer trainer = ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new()
        {
            Config = TinyModels.Tokenizer,
            Training = training,
            ValidationSet = ml.Data.LoadFromEnumerable(PipelineData.Rows(2)),
        });
        using ResTokEncodingTransformer encode = trainer.Fit(Data);
        Assert.Contains(logged, message => message.StartsWith("Step 2 of 4: loss", StringComparison.Ordinal) || message.StartsWith("Step 2 of 4: ", StringComparison.Ordinal));
        Assert.True(new FileInfo(Path.Combine(folder, "previews", "reconstructions-000004.png")).Length > 1000);
        string[] names = [.. File.ReadLines(Path.Combine(folder, "metrics.csv")).Where(line => line.StartsWith("4,", StringComparison.Ordinal)).Select(line => line.Split(',')[1])];
        Assert.Empty(new[] { "psnr_1", "psnr_16", "ssim_16", "resnet18_perceptual_16", "resnet18_frechet_1", "resnet18_frechet_16" }.Except(names));

        string[] tokens = [.. encode.Transform(Data).GetColumn<int[]>("Tokens").Select(Join)];
        using ResTokTokenizer shared = encode.ShareModel();
        using ResTokTokenizer saved = ResTokTokenizer.Load(folder);
        using ResTokEncodingTransformer again = ml.Transforms.ResTokEncode("Tokens", "Image", saved).Fit(Data);
        Assert.Equal(tokens, again.Transform(Data).GetColumn<int[]>("Tokens").Select(Join));
        using ResTokDecodingTransformer decode = ml.Transforms.ResTokDecode("Rebuilt", "Tokens", shared).Fit(encode.Transform(Data));
        using (MLImage image = decode.Transform(encode.Transform(Data)).GetColumn<MLImage>("Rebuilt").First())
            Assert.Equal(32, image.Width);

        using ResTokEncodingTransformer further = ml.Transforms.ResTokTrainTokenizer(
            "Tokens", "Image", new() { InitialModel = saved, Training = training with { RunFolder = null, Steps = 2, LearningRate = 1e-2 } }).Fit(Data);
        Assert.Equal(6, further.Transform(Data).GetColumn<int[]>("Tokens").Count());
    }

    [Fact]
    public void A_generator_is_trained_by_fit_in_a_pipeline()
    {
        var random = new Random(3);
        IDataView data = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 5).Select(i => new Views
        {
            Label = $"class {i}",
            Tokens = [.. Enumerable.Range(0, 32).Select(_ => random.Next(64))], // two views
        }));
        var trainer = ml.Transforms.Conversion.MapValueToKey("Label").Append(ml.Transforms.ResTokTrainGenerator("Generated", "Tokens", "Label", new()
        {
            Config = TinyModels.Generator,
            Training = new() { Steps = 3, BatchSize = 4, WarmupSteps = 1, LogEvery = 1, RunFolder = folder },
            Generation = new() { Levels = 4, Sampling = new() { Seed = 2 } },
        }));
        using TransformerChain<ResTokGenerationTransformer> fitted = trainer.Fit(data);
        Assert.All(fitted.Transform(data).GetColumn<int[]>("Generated"), tokens => Assert.Equal(8, tokens.Length));
        Assert.Equal(TinyModels.Generator with { ClassNames = ["class 0", "class 1", "class 2", "class 3", "class 4"] }, ResTok.Models.GeneratorConfig.Load(folder));
        using ResTokGenerator shared = fitted.LastTransformer.ShareModel();
        Assert.Equal(ResTok.Models.GeneratorConfig.Load(folder), shared.Config);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Cancelling_leaves_a_checkpoint_to_go_on_from()
    {
        using var cancellation = new CancellationTokenSource();
        var training = new TokenizerTrainingOptions { Steps = 4, BatchSize = 2, WarmupSteps = 1, LogEvery = 1, RunFolder = folder };
        ResTokTokenizerTrainer.Options options = new()
        {
            Config = TinyModels.Tokenizer,
            CancellationToken = cancellation.Token,
            Training = training with { Progress = new Reports(_ => cancellation.Cancel()) },
        };
        Assert.ThrowsAny<OperationCanceledException>(() => ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", options).Fit(Data));
        Assert.True(Directory.Exists(Path.Combine(folder, "checkpoint-1")));
        ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new() { Config = TinyModels.Tokenizer, Training = training }).Fit(Data).Dispose();
        Assert.Equal(ReadSteps(), [1, 2, 3, 4]);
    }

    [Fact]
    public void The_hosts_cancellation_ends_training_with_a_checkpoint()
    {
        var training = new TokenizerTrainingOptions
        {
            Steps = 100_000, BatchSize = 2, WarmupSteps = 1, LogEvery = 1, RunFolder = folder, Progress = new Reports(progress =>
            {
                if (progress.Step == 2)
                    typeof(MLContext).GetMethod("CancelExecution", BindingFlags.Instance | BindingFlags.NonPublic)!.Invoke(ml, null); // AutoML calls it
            }),
        };
        Assert.ThrowsAny<OperationCanceledException>(() => ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new() { Config = TinyModels.Tokenizer, Training = training }).Fit(Data));
        Assert.NotEmpty(Directory.GetDirectories(folder, "checkpoint-*"));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_model_in_memory_is_trained_further_in_a_chain_that_validates_and_stays_as_it_was()
    {
        using ResTokTokenizer start = CreateModel();
        start.Save(folder);
        byte[] before = File.ReadAllBytes(Path.Combine(folder, "model.safetensors"));
        var psnr = new List<double>();
        var chain = ml.Transforms.CopyColumns("Copy", "Image").Append(ml.Transforms.ResTokTrainTokenizer("Tokens", "Copy", new()
        {
            InitialModel = start,
            ValidationSet = ml.Transforms.CopyColumns("Copy", "Image").Fit(Data).Transform(Data),
            Training = new()
            {
                Steps = 50, BatchSize = 3, WarmupSteps = 1, LearningRate = 0, EndLearningRate = 0, EvaluateEvery = 1, LogEvery = 1, Patience = 2,
                Progress = new Reports(progress => psnr.Add(progress.Metrics["psnr_16"])),
            },
        }));
        using TransformerChain<ResTokEncodingTransformer> fitted = chain.Fit(Data);
        Assert.Equal(3, psnr.Count); // the first is the best, and then two are not better
        start.Save(folder);
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
    }

    [Fact]
    public void Faults_name_the_column_and_the_value()
    {
        AssertFault("There is no column 'Nope'", () => ml.Transforms.ResTokTrainTokenizer("Tokens", "Nope", new() { Config = TinyModels.Tokenizer }).Fit(Data));
        AssertFault("Steps is 0", () => ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new() { Config = TinyModels.Tokenizer, Training = new() { Steps = 0 } }));
        AssertFault("'crop_size' is 17".Replace("'crop_size'", "'dataset.preprocessing.crop_size'"), () => ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new() { Config = TinyModels.Tokenizer with { CropSize = 17 } }));
        rows[0].Image = null!;
        AssertFault("'Image' has no image in row 0", () => ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new() { Config = TinyModels.Tokenizer, Training = new() { Steps = 9, BatchSize = 6 } }).Fit(Data));
        IDataView odd = ml.Data.LoadFromEnumerable([new Views { Label = "0", Tokens = new int[17] }]);
        AssertFault("has 17 tokens in row 0, but must have 16", () => ml.Transforms.Conversion.MapValueToKey("Label")
            .Append(ml.Transforms.ResTokTrainGenerator("Generated", "Tokens", "Label", new() { Config = TinyModels.Generator })).Fit(odd));
        AssertFault("There is no column 'Nope' of tokens", () => ml.Transforms.ResTokTrainGenerator("Generated", "Nope", "Label", new() { Config = TinyModels.Generator }).Fit(odd));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_bad_image_is_named_by_column_and_row_or_left_out_and_counted()
    {
        string[] files = ["a.png", "broken.png", "b.png", ".", "cut.png"];
        File.WriteAllBytes(Path.Combine(folder, "a.png"), TestPng.Write(40, 36));
        File.WriteAllBytes(Path.Combine(folder, "b.png"), TestPng.Write(50, 36));
        File.WriteAllBytes(Path.Combine(folder, "broken.png"), [1, 2, 3]);
        File.WriteAllBytes(Path.Combine(folder, "cut.png"), TestPng.Write(40, 36)[..^40]);
        IDataView data = ml.Data.LoadFromEnumerable(files.Select(file => new PathRow { Path = file }));
        IDataView good = ml.Data.LoadFromEnumerable(files.Where(file => file.Length == 5).Select(file => new PathRow { Path = file }));
        var warnings = new List<string>();
        ml.Log += (_, entry) =>
        {
            if (entry.Kind == Microsoft.ML.Runtime.ChannelMessageKind.Warning)
                warnings.Add(entry.RawMessage);
        };
        foreach (IEstimator<ITransformer> load in new IEstimator<ITransformer>[]
        {
            ml.Transforms.LoadImages("Image", folder, "Path"),
            ml.Transforms.ResTokLoadImages("Image", "Path", folder, new() { OnInvalidRow = InvalidRowHandling.Missing }),
        })
        {
            AssertFault("Column 'Image' has no", () => Train(data, InvalidRowHandling.Fail));
            AssertFault("in row 1", () => Train(data, InvalidRowHandling.Fail));
            warnings.Clear();
            string[] trained = Train(data, InvalidRowHandling.Missing), expected = Train(good, InvalidRowHandling.Fail);
            Assert.Equal(expected, trained);
            string warning = Assert.Single(warnings.Where(text => text.Contains("left out of the training", StringComparison.Ordinal)).Distinct());
            Assert.Contains("3 rows could not be used", warning, StringComparison.Ordinal);
            Assert.Contains("row 1", warning, StringComparison.Ordinal);
            IDataView none = ml.Data.FilterRowsByColumn(ml.Transforms.CustomMapping<PathRow, Length>((row, length) => length.Value = row.Path.Length, null).Fit(data).Transform(data), "Value", upperBound: 2);
            AssertFault("None of the 1 rows can be used", () => Train(none, InvalidRowHandling.Missing));

            string[] Train(IDataView view, InvalidRowHandling onInvalidRow)
            {
                using var fitted = load.Append(ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new()
                {
                    Config = TinyModels.Tokenizer,
                    RandomCrop = false,
                    RandomFlip = false,
                    OnInvalidRow = onInvalidRow,
                    Training = new() { Steps = 3, BatchSize = 2, WarmupSteps = 1 },
                })).Fit(view);
                return [.. fitted.LastTransformer.Transform(Data).GetColumn<int[]>("Tokens").Select(Join)];
            }
        }
    }

    [Fact]
    public void A_generators_bad_rows_are_named_or_left_out()
    {
        Views[] views = [.. Enumerable.Range(0, 4).Select(i => new Views { Label = "x", Tokens = new int[16] })];
        views[2].Tokens[3] = 64;
        IDataView data = ml.Data.LoadFromEnumerable(views);
        AssertFault("Column 'Tokens' has the token 64 at index 3 of row 2", () => Train(InvalidRowHandling.Fail));
        Train(InvalidRowHandling.Missing);

        void Train(InvalidRowHandling onInvalidRow) => ml.Transforms.Conversion.MapValueToKey("Label").Append(ml.Transforms.ResTokTrainGenerator("Generated", "Tokens", "Label", new()
        {
            Config = TinyModels.Generator, OnInvalidRow = onInvalidRow, Training = new() { Steps = 2, BatchSize = 4, WarmupSteps = 1 },
        })).Fit(data).Dispose();
    }

    [Fact]
    public void What_the_trained_stage_cannot_do_is_said_before_training()
    {
        AssertFault("both 'Tokens'", () => ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new() { Config = TinyModels.Tokenizer, Encoding = new() { LatentsColumnName = "Tokens" } }));
        IDataView data = ml.Data.LoadFromEnumerable([new Views { Label = "x", Tokens = new int[16] }]);
        AssertFault("levels must be from 1", () => ml.Transforms.Conversion.MapValueToKey("Label")
            .Append(ml.Transforms.ResTokTrainGenerator("Generated", "Tokens", "Label", new() { Config = TinyModels.Generator, Generation = new() { Levels = 9 } })).Fit(data));
    }

    [Fact]
    public void Augmentation_cuts_and_mirrors_what_is_there()
    {
        // An image whose pixel values tell where they come from.
        var rgb = new byte[3 * 40 * 36];
        for (int i = 0; i < 40 * 36; i++)
            (rgb[3 * i], rgb[3 * i + 1]) = ((byte)(i % 40 * 6), (byte)(i / 40 * 6));
        byte[] center = new ImageAugmentation(36, crop: false, flip: false).Apply(rgb, 40, 36, new(1));
        Assert.Equal((12, 0), (center[0], center[1])); // two columns cut off on each side
        var seen = new HashSet<byte>();
        for (int i = 0; i < 50; i++)
        {
            byte[] flipped = new ImageAugmentation(36, crop: false, flip: true).Apply(rgb, 40, 36, new(i));
            seen.Add(flipped[0]);
            byte[] cropped = new ImageAugmentation(16, crop: true, flip: false).Apply(rgb, 40, 36, new(i));
            Assert.Equal(3 * 16 * 16, cropped.Length);
            Assert.True(cropped[3 * 15] > cropped[0] && cropped[3 * 15 * 16 + 1] > cropped[1]);
        }
        Assert.Equal(new byte[] { 12, 222 }, seen.Order());
    }

    private IEnumerable<int> ReadSteps() => File.ReadLines(Path.Combine(folder, "metrics.csv")).Skip(1).Select(line => int.Parse(line.Split(',')[0])).Distinct();

    private static void AssertFault(string message, Action action) => Assert.Contains(message, Assert.ThrowsAny<Exception>(action).ToString());

    private sealed class Reports(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }

    private sealed class PathRow
    {
        public string Path { get; set; } = "";
    }

    private sealed class Length
    {
        public float Value { get; set; }
    }

    private sealed class Views
    {
        public string Label { get; set; } = "";

        public int[] Tokens { get; set; } = [];
    }
}
