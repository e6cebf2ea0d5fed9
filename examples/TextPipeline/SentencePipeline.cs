using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.TorchSharp;
using Microsoft.ML.Trainers;
using Microsoft.ML.Transforms.Image;
using ResTok.MLNet;
using ResTok.Models;

/// <summary>A sentence → its class → tokens → an image, as one ML.NET pipeline.</summary>
internal static class SentencePipeline
{
    /// <summary>Trains the classifier, and saves the whole.</summary>
    /// <param name="ml">The context.</param>
    /// <param name="path">Of the saved pipeline.</param>
    /// <param name="epochs">Passes over the sentences, for the small BERT; null for Microsoft.ML's own trainer on words.</param>
    public static void Train(MLContext ml, string path, int? epochs)
    {
        using ResTokTokenizer restok = ResTokTokenizer.Demo();
        using ResTokGenerator generator = ResTokGenerator.Demo();

        // Of the generator's classes, which it knows by name, those that there are sentences of.
        IDataView classes = ml.Data.LoadFromEnumerable(DemoGenerator.Classes.Intersect(Sentences.Known.Select(known => known.Class)).Select(name => new Sentence { Class = name }));
        IDataView keys = ml.Transforms.SelectColumns("Class").Fit(classes).Transform(classes);
        var label = ml.Transforms.Conversion.MapValueToKey("Label", "Class", keyData: keys);
        IEstimator<ITransformer> classifier;
        if (epochs is { } passes)
        {
            TrainerDownload.Announce(ml, "NasBert2000000.tsm", megabytes: 18);
            classifier = label.Append(ml.MulticlassClassification.Trainers.TextClassification(sentence1ColumnName: "Text", batchSize: 8, maxEpochs: passes));
        }
        else
        {
            var words = new SdcaMaximumEntropyMulticlassTrainer.Options { NumberOfThreads = 1, MaximumNumberOfIterations = 100 };
            classifier = label.Append(ml.Transforms.Text.FeaturizeText("Features", "Text")).Append(ml.MulticlassClassification.Trainers.SdcaMaximumEntropy(words));
        }
        var pipeline = classifier
            .Append(ml.Transforms.ResTokGenerate("Tokens", "PredictedLabel", generator, new() { SeedColumnName = "Seed" }))
            .Append(ml.Transforms.ResTokDecode("Image", "Tokens", restok))
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedClass", "PredictedLabel"));

        IDataView known = ml.Data.LoadFromEnumerable(Sentences.Known);
        using var model = pipeline.Fit(known);
        PipelineFile.Save(ml, model, known.Schema, path);
    }

    /// <summary>Draws sentences one by one with a saved pipeline, as a service would.</summary>
    public static IEnumerable<DrawnSentence> Draw(MLContext ml, string path, IEnumerable<Sentence> wishes)
    {
        using var engine = ml.Model.CreatePredictionEngine<Sentence, DrawnSentence>(ml.Model.Load(path, out _));
        foreach (Sentence wish in wishes)
            yield return engine.Predict(wish);
    }
}

internal sealed class Sentence
{
    public string Text { get; set; } = "";

    /// <summary>For training, and to count how many are right.</summary>
    public string Class { get; set; } = "";

    /// <summary>Another seed, another image of the same class.</summary>
    public long Seed { get; set; }
}

internal sealed class DrawnSentence
{
    public string Text { get; set; } = "";

    public string PredictedClass { get; set; } = "";

    public float[] Score { get; set; } = [];

    public int[] Tokens { get; set; } = [];

    [ImageType(64, 64)]
    public MLImage Image { get; set; } = null!;
}
