using System.Numerics.Tensors;
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

    private readonly int[] classes;

    /// <param name="features">Of each view of each photograph.</param>
    /// <param name="labels">Of as many.</param>
    public Judge(float[][] features, int[] labels)
    {
        classes = [.. labels.Distinct().Order()];
        var options = new SdcaMaximumEntropyMulticlassTrainer.Options
        {
            LabelColumnName = "Key", FeatureColumnName = "Features", L1Regularization = 0, L2Regularization = 3e-5f, MaximumNumberOfIterations = 100, NumberOfThreads = 1,
        };
        model = ml.Transforms.NormalizeMeanVariance("Features", fixZero: false)
            .Append(ml.Transforms.NormalizeLpNorm("Features"))
            .Append(ml.Transforms.Conversion.MapValueToKey("Key", "Label", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue))
            .AppendCacheCheckpoint(ml)
            .Append(ml.MulticlassClassification.Trainers.SdcaMaximumEntropy(options))
            .Fit(Rows(features, labels));
    }

    /// <summary>The share that it puts in the class that they are to be of, by the mean of what it makes of their views.</summary>
    /// <param name="labels">Of the images.</param>
    /// <param name="views">Of each view the features of every image.</param>
    public double Share(int[] labels, params float[][][] views)
    {
        float[][][] scores = [.. views.Select(view => model.Transform(Rows(view, labels)).GetColumn<float[]>("Score").ToArray())];
        return labels.Where((label, i) => classes[TensorPrimitives.IndexOfMax<float>(scores.Select(view => view[i]).Aggregate(Sum))] == label).Count() / (double)labels.Length;

        static float[] Sum(float[] x, float[] y)
        {
            var sum = new float[x.Length];
            TensorPrimitives.Add(x, y, sum);
            return sum;
        }
    }

    private IDataView Rows(float[][] features, int[] labels) => ml.Data.LoadFromEnumerable(features.Zip(labels, (one, label) => new Row { Features = one, Label = label }));

    private sealed class Row
    {
        [VectorType(ResNet18Features.Count)]
        public float[] Features { get; set; } = [];

        public int Label { get; set; }
    }
}
