using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.TorchSharp;
using Microsoft.ML.TorchSharp.AutoFormerV2;
using Microsoft.ML.Transforms.Image;
using TorchSharp;

namespace ResTok.Tests;

/// <summary>A small run of each trainer of Microsoft.ML.TorchSharp: data, a pipeline, and what it predicts.</summary>
/// <param name="Name">What it is called in files and messages.</param>
/// <param name="Weights">The file of <see cref="TrainerWeights"/> that it needs.</param>
/// <param name="Data">What it learns from, and then predicts.</param>
/// <param name="Pipeline">Ends with the trainer.</param>
/// <param name="Predict">All that it predicts, as text, so that two runs can be compared.</param>
internal sealed record TrainerRun(string Name, string Weights, Func<MLContext, IDataView> Data, Func<MLContext, IEstimator<ITransformer>> Pipeline, Func<IDataView, string> Predict)
{
    /// <summary>Trains, the same every time: theirs make their new layers before they seed, from whatever state the process is in.</summary>
    public ITransformer Fit(MLContext ml, IDataView data)
    {
        torch.random.manual_seed(1);
        return Pipeline(ml).Fit(data);
    }
}

internal static class FiveTrainers
{
    public static TrainerRun[] All { get; } = [Classification(), Similarity(), Entities(), Answers(), Detection()];

    public static TrainerRun Named(string name) => All.Single(run => run.Name == name);

    private static TrainerRun Classification() => new("classification", TrainerWeights.Text,
        ml => ml.Data.LoadFromEnumerable(new[]
        {
            new Sentence { Text = "The sun sinks below the sea.", Class = "sunset" }, new Sentence { Text = "Circles around a common centre.", Class = "rings" },
            new Sentence { Text = "Evening sky glows red and orange.", Class = "sunset" }, new Sentence { Text = "A target with rings to shoot at.", Class = "rings" },
        }),
        ml => ml.Transforms.Conversion.MapValueToKey("Label", "Class")
            .Append(ml.MulticlassClassification.Trainers.TextClassification(sentence1ColumnName: "Text", batchSize: 2, maxEpochs: 1)),
        data => Join(data.GetColumn<uint>("PredictedLabel").Select(label => (float)label), data.GetColumn<float[]>("Score").SelectMany(score => score)));

    private static TrainerRun Similarity() => new("similarity", TrainerWeights.Text,
        ml => ml.Data.LoadFromEnumerable(new[]
        {
            new SentencePair { Text = "The sun sinks below the sea.", Class = "sunset", Label = 1 }, new SentencePair { Text = "The sun sinks below the sea.", Class = "rings" },
            new SentencePair { Text = "Circles around a common centre.", Class = "rings", Label = 1 },
        }),
        ml => ml.Regression.Trainers.SentenceSimilarity(sentence1ColumnName: "Text", sentence2ColumnName: "Class", batchSize: 3, maxEpochs: 1),
        data => Join(data.GetColumn<float>("Score")));

    private static TrainerRun Entities() => new("entities", TrainerWeights.Entities,
        ml => ml.Data.LoadFromEnumerable(new[]
        {
            new TaggedSentence { Text = "Alice paints a house", Tags = ["PERSON", "O", "O", "THING"] }, new TaggedSentence { Text = "A tree for Bob", Tags = ["O", "THING", "O", "PERSON"] },
        }),
        ml => ml.Transforms.Conversion.MapValueToKey("Label", "Tags", keyData: ml.Data.LoadFromEnumerable(new[] { new Tag { Name = "PERSON" }, new Tag { Name = "THING" } }))
            .Append(ml.MulticlassClassification.Trainers.NamedEntityRecognition(sentence1ColumnName: "Text", batchSize: 2, maxEpochs: 1)),
        data => Join(data.GetColumn<uint[]>("PredictedLabel").SelectMany(labels => labels).Select(label => (float)label)));

    private static TrainerRun Answers() => new("answers", TrainerWeights.Answers,
        ml => ml.Data.LoadFromEnumerable(new[] { new Question { Context = "The house has a red roof.", Asked = "What is red?", Answered = "roof", AnswerIndex = 20 } }),
        ml => ml.MulticlassClassification.Trainers.QuestionAnswer(questionColumnName: "Asked", trainingAnswerColumnName: "Answered", topK: 2, batchSize: 1, maxEpochs: 1),
        data => Join(data.GetColumn<float[]>("Score").SelectMany(score => score)) + string.Join('|', data.GetColumn<ReadOnlyMemory<char>[]>("Answer").SelectMany(answers => answers)));

    private static TrainerRun Detection() => new("detection", TrainerWeights.Detection,
        ml => ml.Data.LoadFromEnumerable(Enumerable.Range(0, 3).Select(Scene.Draw)),
        ml => ml.Transforms.Conversion.MapValueToKey("Label", "Things")
            .Append(ml.MulticlassClassification.Trainers.ObjectDetection(new ObjectDetectionTrainer.Options { BoundingBoxColumnName = "Boxes", ScoreThreshold = 0.05, MaxEpoch = 1, InitLearningRate = 0.1 })),
        Found);

    /// <summary>In one pass, as each would run the network anew.</summary>
    private static string Found(IDataView data)
    {
        using DataViewRowCursor cursor = data.GetRowCursor([data.Schema["PredictedLabel"], data.Schema["Score"], data.Schema["PredictedBoundingBoxes"]]);
        var getLabels = cursor.GetGetter<VBuffer<uint>>(data.Schema["PredictedLabel"]);
        var getScores = cursor.GetGetter<VBuffer<float>>(data.Schema["Score"]);
        var getBoxes = cursor.GetGetter<VBuffer<float>>(data.Schema["PredictedBoundingBoxes"]);
        VBuffer<uint> labels = default;
        VBuffer<float> scores = default, boxes = default;
        var found = new List<float>();
        while (cursor.MoveNext())
        {
            getLabels(ref labels);
            getScores(ref scores);
            getBoxes(ref boxes);
            found.AddRange([.. labels.DenseValues().Select(label => (float)label), .. scores.DenseValues(), .. boxes.DenseValues()]);
        }
        return Join(found);
    }

    private static string Join(params IEnumerable<float>[] numbers) => string.Join(' ', numbers.SelectMany(some => some).Select(number => number.ToString("G6", CultureInfo.InvariantCulture)));
}

internal sealed class Sentence
{
    public string Text { get; set; } = "";

    public string Class { get; set; } = "";
}

internal sealed class SentencePair
{
    public string Text { get; set; } = "";

    public string Class { get; set; } = "";

    public float Label { get; set; }
}

internal sealed class TaggedSentence
{
    public string Text { get; set; } = "";

    public string[] Tags { get; set; } = [];
}

internal sealed class Tag
{
    public string Name { get; set; } = "";
}

internal sealed class Question
{
    public string Context { get; set; } = "";

    public string Asked { get; set; } = "";

    public string Answered { get; set; } = "";

    public int AnswerIndex { get; set; }
}

/// <summary>A grey image with a red and a blue square.</summary>
internal sealed class Scene
{
    public const int Side = 64;

    [ImageType(Side, Side)]
    public MLImage Image { get; set; } = null!;

    public string Name { get; set; } = "";

    public string[] Things { get; set; } = [];

    public float[] Boxes { get; set; } = [];

    public static Scene Draw(int number)
    {
        int x = 2 + number, y = 32 - number;
        byte[] pixels = [.. Enumerable.Range(0, Side * Side).SelectMany(at => Colour(at % Side, at / Side, x, y))];
        return new() { Image = MLImage.CreateFromPixels(Side, Side, MLPixelFormat.Rgba32, pixels), Name = $"scene {number}", Things = ["red", "blue"], Boxes = [x, 2, x + 28, 30, 32, y, 62, y + 30] };
    }

    private static byte[] Colour(int column, int row, int x, int y) =>
        column >= x && column < x + 28 && row >= 2 && row < 30 ? [200, 20, 20, 255] : column >= 32 && column < 62 && row >= y && row < y + 30 ? [20, 20, 200, 255] : [128, 128, 128, 255];
}
