using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.TorchSharp;
using Microsoft.ML.Transforms.Image;
using ResTok.MLNet;

/// <summary>
/// A sentence and a class's name → how alike they are → tokens of that class → an image. Nothing is drawn unless somebody reads the
/// image: so one pipeline first scores all classes, and then draws the best.
/// </summary>
internal static class SimilarityPipeline
{
    /// <summary>Trains the similarity, and saves the whole.</summary>
    public static void Train(MLContext ml, string path, int epochs)
    {
        using ResTokTokenizer restok = ResTokTokenizer.Demo();
        using ResTokGenerator generator = ResTokGenerator.Demo();
        TrainerDownload.Announce(ml, "NasBert2000000.tsm", megabytes: 18);

        IDataView names = ml.Data.LoadFromEnumerable(DemoGenerator.Classes.Select(name => new ClassName { Class = name }));
        var pipeline = ml.Regression.Trainers.SentenceSimilarity(sentence1ColumnName: "Text", sentence2ColumnName: "Class", batchSize: 16, maxEpochs: epochs)
            .Append(ml.Transforms.Conversion.MapValueToKey("Key", "Class", keyData: names))
            .Append(ml.Transforms.ResTokGenerate("Tokens", "Key", generator, new() { SeedColumnName = "Seed" }))
            .Append(ml.Transforms.ResTokDecode("Image", "Tokens", restok));
        IDataView known = ml.Data.LoadFromEnumerable(Sentences.Known.SelectMany(Pairs));
        using var model = pipeline.Fit(known);
        PipelineFile.Save(ml, model, known.Schema, path);
    }

    /// <summary>Draws each sentence as the class whose name is most like it, with a saved pipeline.</summary>
    public static IEnumerable<DrawnPair> Draw(MLContext ml, string path, IEnumerable<Sentence> wishes)
    {
        ITransformer model = ml.Model.Load(path, out _);
        using var scores = ml.Model.CreatePredictionEngine<SentencePair, ScoredPair>(model); // disposing an engine disposes its model
        var images = ml.Model.CreatePredictionEngine<SentencePair, DrawnPair>(model);
        foreach (Sentence wish in wishes)
        {
            SentencePair best = DemoGenerator.Classes.Select(name => new SentencePair { Text = wish.Text, Class = name, Seed = wish.Seed }).MaxBy(pair => scores.Predict(pair).Score)!;
            yield return images.Predict(best);
        }
    }

    /// <summary>A sentence with its class, and with two others.</summary>
    private static IEnumerable<SentencePair> Pairs(Sentence sentence, int number) =>
        from offset in new[] { 0, 1 + number % 5, 6 + number % 5 }
        let right = DemoGenerator.Classes.ToList().IndexOf(sentence.Class)
        select new SentencePair { Text = sentence.Text, Class = DemoGenerator.Classes[(right + offset) % DemoGenerator.Classes.Count], Label = offset == 0 ? 1 : 0 };

    private sealed class ClassName
    {
        public string Class { get; set; } = "";
    }
}

internal sealed class SentencePair
{
    public string Text { get; set; } = "";

    public string Class { get; set; } = "";

    /// <summary>For training: 1 where the two belong together.</summary>
    public float Label { get; set; }

    public long Seed { get; set; }
}

internal sealed class ScoredPair
{
    public float Score { get; set; }
}

internal sealed class DrawnPair
{
    public string Text { get; set; } = "";

    public string Class { get; set; } = "";

    public float Score { get; set; }

    public int[] Tokens { get; set; } = [];

    [ImageType(64, 64)]
    public MLImage Image { get; set; } = null!;
}
