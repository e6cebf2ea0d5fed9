using Microsoft.ML;
using ResTok.MLNet;
using ResTok.Models;
using ResTok.Models.Training;

/// <summary>Trains and exports the demo model. Every step that is done is not done again, so that a run can be interrupted.</summary>
/// <param name="ml">Where.</param>
/// <param name="output">The folder of the run; <c>model/</c> in it is what <c>src/ResTok.MLNet.DemoModel</c> holds.</param>
/// <param name="data">What to learn from.</param>
/// <param name="cancellationToken">Stops after the step at hand.</param>
internal sealed class DemoTraining(MLContext ml, string output, DemoData data, CancellationToken cancellationToken)
{
    private readonly string modelFolder = Path.Combine(output, "model"), tokenizerFolder = Path.Combine(output, "model", "tokenizer");

    /// <summary>Trains a tokenizer and, on its tokens, a generator.</summary>
    /// <param name="length">Of the tokenizer's training.</param>
    /// <param name="generatorLength">Of the generator's.</param>
    /// <param name="pictures">Whose tokens the generator learns.</param>
    /// <param name="goesOn">Whether the tokenizer that ships is trained further.</param>
    public void Run((int Steps, int Batch) length, (int Steps, int Batch) generatorLength, int pictures, bool goesOn)
    {
        string generatorFolder = Path.Combine(modelFolder, "generator");
        TokenizerTrainingOptions tokenizer = DemoRecipe.TokenizerTraining(Path.Combine(output, "tokenizer-run"), length.Steps, length.Batch);
        if (!Directory.Exists(tokenizerFolder))
            Train(goesOn ? tokenizer with { QuantizeFrom = 0 } : tokenizer, goesOn, "tokenizer.csv");
        using ResTokTokenizer restok = ResTokTokenizer.Load(tokenizerFolder);

        if (Directory.Exists(generatorFolder))
            return;
        GeneratorTrainingOptions generator = DemoRecipe.GeneratorTraining(Path.Combine(output, "generator-run"), generatorLength.Steps, generatorLength.Batch);
        using (ResTokGenerationTransformer trained = ml.Transforms.ResTokTrainGenerator("Generated", "Tokens", "Label", new()
        {
            Config = DemoRecipe.Generator(data.HasPhotographs),
            Training = generator,
            ValidationSet = Tokens(restok, "held-out", data.HeldOutOfClasses(40 * Drawings.Classes.Count), length.Batch),
            CancellationToken = cancellationToken,
        }).Fit(Tokens(restok, $"learned-{pictures}", data.Classes(pictures), length.Batch)))
        {
        }
        using (ImageGenerator half = ImageGenerator.Load(generator.RunFolder!, precision: Precision.BFloat16))
            half.Save(generatorFolder);
        KeepMetrics(generator, "generator.csv");
    }

    /// <summary>Trains the decoder that ships further.</summary>
    /// <param name="length">Of the training.</param>
    public void RunDecoder((int Steps, int Batch) length) =>
        Train(DemoRecipe.DecoderTraining(Path.Combine(output, "decoder-run"), length.Steps, length.Batch), goesOn: true, "decoder.csv");

    private void Train(TokenizerTrainingOptions training, bool goesOn, string metrics)
    {
        using ResTokTokenizer? initial = goesOn ? ResTokTokenizer.Demo() : null;
        using (ResTokEncodingTransformer trained = ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new()
        {
            Config = DemoRecipe.Tokenizer,
            InitialModel = initial,
            RandomCrop = false, // the data are cut already
            RandomFlip = false,
            Training = training,
            ValidationSet = data.HeldOut(128, 4 * Drawings.Classes.Count),
            CancellationToken = cancellationToken,
        }).Fit(data.Pictures()))
        {
        }
        using ImageTokenizer half = ImageTokenizer.Load(training.RunFolder!, precision: Precision.BFloat16);
        half.Save(tokenizerFolder);
        KeepMetrics(training, metrics);
    }

    private void KeepMetrics(TrainingOptions training, string name) =>
        File.Copy(Path.Combine(training.RunFolder!, "metrics.csv"), Path.Combine(Directory.CreateDirectory(Path.Combine(modelFolder, "training")).FullName, name), overwrite: true);

    /// <summary>Tokens and labels of pictures, kept in ML.NET's binary format.</summary>
    private IDataView Tokens(ResTokTokenizer restok, string name, IDataView pictures, int batch)
    {
        string path = Path.Combine(output, $"{name}.idv");
        if (!File.Exists(path))
        {
            IDataView encoded = ml.Transforms.ResTokEncode("Tokens", "Image", restok, new() { BatchSize = batch })
                .Append(ml.Transforms.SelectColumns("Tokens", "Label")).Fit(pictures).Transform(pictures);
            using (FileStream file = File.Create(path + ".tmp"))
                ml.Data.SaveAsBinary(encoded, file);
            File.Move(path + ".tmp", path);
        }
        return ml.Data.LoadFromBinary(path);
    }
}
