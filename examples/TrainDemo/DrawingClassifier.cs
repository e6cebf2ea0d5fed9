using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Microsoft.ML.Transforms;
using Microsoft.ML.Transforms.Image;

/// <summary>
/// An ML.NET pipeline that tells the classes of drawings by their pixels, to judge generated pictures by. It learns from drawings as they
/// are and from blurred ones, because rebuilt and generated pictures are soft and it is their class that counts.
/// </summary>
internal sealed class DrawingClassifier : IDisposable
{
    private readonly MLContext ml;
    private readonly PatchFeatures features;
    private readonly ITransformer model;

    /// <summary>Trains it.</summary>
    /// <param name="ml">Where.</param>
    /// <param name="first">Number of the first drawing.</param>
    /// <param name="count">How many drawings.</param>
    public DrawingClassifier(MLContext ml, int first, int count)
    {
        this.ml = ml;
        features = new(first, count);
        var options = new SdcaMaximumEntropyMulticlassTrainer.Options
        {
            LabelColumnName = "Key", FeatureColumnName = "Features", L1Regularization = 0, L2Regularization = 3e-4f, MaximumNumberOfIterations = 30, NumberOfThreads = 1,
        };
        model = ml.Transforms.CustomMapping<Input, Output>((input, output) => output.Features = features.Of(input.Image.Pixels), contractName: null)
            .Append(ml.Transforms.Conversion.MapValueToKey("Key", "Label", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue))
            .Append(ml.Transforms.SelectColumns("Features", "Key"))
            .Append(ml.Transforms.NormalizeMeanVariance("Features"))
            .AppendCacheCheckpoint(ml)
            .Append(ml.MulticlassClassification.Trainers.SdcaMaximumEntropy(options))
            .Fit(DrawingRow.View(ml, first, count, Softness));
    }

    /// <summary>How often pictures are put in the class that their label says.</summary>
    /// <param name="pictures">Columns Image and Label.</param>
    public MulticlassClassificationMetrics Judge(IDataView pictures) => ml.MulticlassClassification.Evaluate(model.Transform(pictures), "Key");

    public void Dispose()
    {
        (model as IDisposable)?.Dispose();
        features.Dispose();
    }

    // Every third scene of each class is sharp.
    private static float Softness(int number) => number / Drawings.Classes.Count % 3 * 1.5f;

    private sealed class Input
    {
        [ImageType(DrawingRow.Side, DrawingRow.Side)]
        public MLImage Image { get; set; } = null!;
    }

    private sealed class Output
    {
        [VectorType(PatchFeatures.Count)]
        public float[] Features { get; set; } = [];
    }
}
