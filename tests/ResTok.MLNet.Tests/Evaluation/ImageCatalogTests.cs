using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.Models.Evaluation;
using static ResTok.MLNet.Tests.PipelineData;

namespace ResTok.MLNet.Tests;

/// <summary>Evaluation on data views. That the numbers are the reference's is tested without ML.NET, in ResTok.Models.Tests.</summary>
public class ImageCatalogTests
{
    private readonly MLContext ml = new(seed: 1);

    [Fact]
    [Trait("Category", "Slow")]
    public void Identical_sets_are_no_distance_apart_in_any_order_and_in_any_batches()
    {
        List<Row> rows = PipelineData.Rows(6);
        IDataView data = ml.Data.LoadFromEnumerable(rows), backwards = ml.Data.LoadFromEnumerable(rows.AsEnumerable().Reverse());
        GenerationMetrics same = ml.Images().EvaluateGeneration(data, backwards, options: new() { BatchSize = 4 });
        Assert.Equal(6, same.Count);
        Assert.Equal(0, same.ResNet18FrechetDistance!.Value, 1e-5);
        Assert.Equal((1, 1), (same.ResNet18Precision, same.ResNet18Recall));

        IDataView others = ml.Data.LoadFromEnumerable(Enumerable.Range(10, 5).Select(i => new Row { Image = TestImage(i, 40, 36) })); // another size
        GenerationMetrics there = ml.Images().EvaluateGeneration(data, others), back = ml.Images().EvaluateGeneration(backwards, others, options: new() { BatchSize = 1 });
        Assert.True(there.ResNet18FrechetDistance > 1, $"{there.ResNet18FrechetDistance}");
        Assert.Equal(there.ResNet18FrechetDistance!.Value, back.ResNet18FrechetDistance!.Value, 1e-3);
        Assert.Equal(there.ResNet18Precision, back.ResNet18Precision);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Reconstructions_are_compared_row_by_row_and_with_themselves_are_equal()
    {
        using ResTokTokenizer model = CreateModel();
        IDataView data = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 5).Select(i => new Row { Image = TestImage(i, 32 + 8 * i, 40) })); // of several sizes
        var pipeline = ml.Transforms.ResTokEncode("Tokens", "Image", model, new() { TokensAsKeys = true }).Append(ml.Transforms.ResTokDecode("Rebuilt", "Tokens", model));
        IDataView rebuilt = pipeline.Fit(data).Transform(data);
        ReconstructionMetrics metrics = ml.Images().EvaluateReconstruction(rebuilt, options: new() { TokensColumnName = "Tokens", BatchSize = 2 });
        Assert.Equal(5, metrics.Count);
        Assert.True(metrics.Psnr is > 0 and < 20 && metrics.ResNet18PerceptualDistance > 0.01 && metrics.ResNet18FrechetDistance > 1);
        Assert.True(metrics.CodebookUsage > 0 && metrics.CodebookEntropy > 0);

        IReadOnlyList<(int TokenCount, ReconstructionMetrics Metrics)> curve = ml.Images().EvaluateReconstruction(data, model, tokenCounts: [16, 1]);
        Assert.Equal([1, 16], curve.Select(point => point.TokenCount));
        Assert.Equal(metrics.Psnr, curve[1].Metrics.Psnr, 1e-4);
        Assert.Equal(metrics.ResNet18PerceptualDistance!.Value, curve[1].Metrics.ResNet18PerceptualDistance!.Value, 1e-4);
        Assert.Equal(metrics.CodebookEntropy, curve[1].Metrics.CodebookEntropy);
        Assert.NotEqual(curve[0].Metrics.Psnr, curve[1].Metrics.Psnr);

        ReconstructionMetrics same = ml.Images().EvaluateReconstruction(rebuilt, "Rebuilt", "Rebuilt");
        Assert.Equal(double.PositiveInfinity, same.Psnr);
        Assert.Equal(0, same.ResNet18FrechetDistance!.Value, 1e-5);
    }

    [Fact]
    public void What_cannot_be_evaluated_is_named()
    {
        IDataView data = ml.Data.LoadFromEnumerable(PipelineData.Rows(3).Append(new Row { Name = "none", Image = null! }));
        Assert.Contains("row 3", Assert.Throws<InvalidOperationException>(() => ml.Images().EvaluateReconstruction(data, "Image", "Image", new() { Weights = null })).Message, StringComparison.Ordinal);
        var warnings = new List<string>();
        ml.Log += (_, entry) => warnings.Add(entry.Message);
        Assert.Equal(3, ml.Images().EvaluateReconstruction(data, "Image", "Image", new() { Weights = null, OnInvalidRow = InvalidRowHandling.Missing }).Count);
        Assert.Contains(warnings, text => text.Contains("1 rows could not be used and are left out of the evaluation", StringComparison.Ordinal));

        Assert.Contains("'Rebuilt'", Assert.Throws<ArgumentOutOfRangeException>(() => ml.Images().EvaluateReconstruction(data)).Message, StringComparison.Ordinal);
        Assert.Contains("need a network", Assert.Throws<ArgumentException>(() => ml.Images().EvaluateGeneration(data, data, options: new() { Weights = null, OnInvalidRow = InvalidRowHandling.Missing })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => ml.Images().EvaluateReconstruction(data, "Image", "Image", new() { BatchSize = 0 }));
        Assert.Throws<OperationCanceledException>(() => ml.Images().EvaluateReconstruction(data, "Image", "Image", new() { CancellationToken = new(canceled: true) }));

        using ResTokTokenizer model = CreateModel();
        IDataView tokens = ml.Transforms.ResTokEncode("Tokens", "Image", model).Fit(data).Transform(ml.Data.LoadFromEnumerable(PipelineData.Rows(1)));
        Assert.Contains("CodebookSize", Assert.Throws<ArgumentOutOfRangeException>(() => ml.Images().EvaluateReconstruction(tokens, "Image", "Image", new() { TokensColumnName = "Tokens" })).Message, StringComparison.Ordinal);
    }
}
