using Microsoft.ML;
using ResTok.MLNet;
using ResTok.Models;
using ResTok.Models.Training;

/// <summary>Trains, exports and measures the demo model. Every step that is done is not done again, so that a run can be interrupted.</summary>
/// <param name="ml">Where.</param>
/// <param name="output">The folder of the run; <c>model/</c> in it is what <c>src/ResTok.MLNet.DemoModel</c> holds.</param>
/// <param name="cancellationToken">Stops after the step at hand.</param>
internal sealed class DemoTraining(MLContext ml, string output, CancellationToken cancellationToken)
{
    private readonly string modelFolder = Path.Combine(output, "model");

    /// <param name="tokenizerSteps">Of the optimiser.</param>
    /// <param name="generatorSteps">Of the optimiser.</param>
    /// <param name="drawings">Whose tokens the generator learns.</param>
    public DemoMetrics Run(int tokenizerSteps, int generatorSteps, int drawings)
    {
        var first = DemoRecipe.TokenizerTraining(Path.Combine(output, "tokenizer-run-1"), tokenizerSteps);
        var second = DemoRecipe.TokenizerTrainingWithScraps(Path.Combine(output, "tokenizer-run-2"), tokenizerSteps);
        var generator = DemoRecipe.GeneratorTraining(Path.Combine(output, "generator-run"), generatorSteps);
        string tokenizerFolder = Path.Combine(modelFolder, "tokenizer"), generatorFolder = Path.Combine(modelFolder, "generator");

        if (!Directory.Exists(tokenizerFolder))
        {
            Fit(first, null, DrawingRow.View(ml, 0, DemoRecipe.FirstWithScraps));
            Fit(second, first.RunFolder, DrawingRow.WithScraps(ml, DemoRecipe.FirstWithScraps, DemoRecipe.FirstWithScraps));
            using ImageTokenizer half = ImageTokenizer.Load(second.RunFolder!, precision: Precision.BFloat16);
            half.Save(tokenizerFolder);
        }
        using ResTokTokenizer restok = ResTokTokenizer.Load(tokenizerFolder);

        if (!Directory.Exists(generatorFolder))
        {
            using ResTokGenerationTransformer trained = ml.Transforms.ResTokTrainGenerator("Generated", "Tokens", "Label", new()
            {
                Config = DemoRecipe.Generator,
                Training = generator,
                ValidationSet = Tokens(restok, "held-out", DemoRecipe.FirstHeldOut, 80 * Drawings.Classes.Count),
                CancellationToken = cancellationToken,
            }).Fit(Tokens(restok, "train", 0, drawings));
            using ImageGenerator half = ImageGenerator.Load(generator.RunFolder!, precision: Precision.BFloat16);
            half.Save(generatorFolder);
        }
        using ResTokGenerator network = ResTokGenerator.Load(generatorFolder);

        DemoMetrics metrics = new DemoMeasurement(ml, restok, network).Run(output);
        File.WriteAllText(Path.Combine(modelFolder, "MODEL_CARD.md"), ModelCard.Write(metrics, first, second, generator, drawings));
        string logs = Directory.CreateDirectory(Path.Combine(modelFolder, "training")).FullName;
        File.Copy(Path.Combine(first.RunFolder!, "metrics.csv"), Path.Combine(logs, "tokenizer-1.csv"), overwrite: true);
        File.Copy(Path.Combine(second.RunFolder!, "metrics.csv"), Path.Combine(logs, "tokenizer-2.csv"), overwrite: true);
        File.Copy(Path.Combine(generator.RunFolder!, "metrics.csv"), Path.Combine(logs, "generator.csv"), overwrite: true);
        return metrics;
    }

    /// <summary>Trains the tokenizer, from scratch or from what an earlier run made.</summary>
    private void Fit(TokenizerTrainingOptions training, string? from, IDataView pictures)
    {
        using ResTokTokenizer? initial = from is null ? null : ResTokTokenizer.Load(from);
        using ResTokEncodingTransformer trained = ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new()
        {
            Config = DemoRecipe.Tokenizer,
            InitialModel = initial,
            RandomCrop = false,
            RandomFlip = false,
            Training = training,
            ValidationSet = DrawingRow.View(ml, DemoRecipe.FirstHeldOut, 8 * Drawings.Classes.Count),
            CancellationToken = cancellationToken,
        }).Fit(pictures);
    }

    /// <summary>Tokens and labels of drawings, kept in ML.NET's binary format.</summary>
    private IDataView Tokens(ResTokTokenizer restok, string name, int first, int count)
    {
        string path = Path.Combine(output, $"{name}-{count}.idv");
        if (!File.Exists(path))
        {
            IDataView drawings = DrawingRow.View(ml, first, count);
            IDataView encoded = ml.Transforms.ResTokEncode("Tokens", "Image", restok, new() { BatchSize = 32 })
                .Append(ml.Transforms.SelectColumns("Tokens", "Label")).Fit(drawings).Transform(drawings);
            using (FileStream file = File.Create(path + ".tmp"))
                ml.Data.SaveAsBinary(encoded, file);
            File.Move(path + ".tmp", path);
        }
        return ml.Data.LoadFromBinary(path);
    }
}
