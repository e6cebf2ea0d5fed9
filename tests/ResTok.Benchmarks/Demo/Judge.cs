using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Microsoft.ML.Transforms;

namespace ResTok.Benchmarks.Demo;

/// <summary>Tells the classes of photographs by their features: a linear classifier of ML.NET.</summary>
internal sealed class Judge
{
    private readonly MLContext ml = new(seed: 1);
    private readonly ITransformer model;

    public Judge(float[][] features, int[] labels)
    {
        var options = new SdcaMaximumEntropyMulticlassTrainer.Options
        {
            LabelColumnName = "Key", FeatureColumnName = "Features", L1Regularization = 0, L2Regularization = 1e-4f, MaximumNumberOfIterations = 100, NumberOfThreads = 1,
        };
        model = ml.Transforms.NormalizeMeanVariance("Features", fixZero: false)
            .Append(ml.Transforms.NormalizeLpNorm("Features"))
            .Append(ml.Transforms.Conversion.MapValueToKey("Key", "Label", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue))
            .AppendCacheCheckpoint(ml)
            .Append(ml.MulticlassClassification.Trainers.SdcaMaximumEntropy(options))
            .Fit(Rows(features, labels));
    }

    /// <summary>The share that it puts in the class that they are to be of.</summary>
    public double Share(float[][] features, int[] labels) => ml.MulticlassClassification.Evaluate(model.Transform(Rows(features, labels)), "Key").MicroAccuracy;

    private IDataView Rows(float[][] features, int[] labels) => ml.Data.LoadFromEnumerable(features.Zip(labels, (one, label) => new Row { Features = one, Label = label }));

    private sealed class Row
    {
        [VectorType(ResNet18Features.Count)]
        public float[] Features { get; set; } = [];

        public int Label { get; set; }
    }
}
