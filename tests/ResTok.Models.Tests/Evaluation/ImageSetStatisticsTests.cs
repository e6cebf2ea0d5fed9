using ResTok.Models.Evaluation;
using ResTok.Models.Tests.Parity;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Evaluation;

public class ImageSetStatisticsTests(EvaluationNetworks networks) : IClassFixture<EvaluationNetworks>
{
    private EvaluationWeights Fast => networks.Files with { InceptionInFloat64 = false };

    [Fact]
    [Trait("Category", "Slow")]
    public void A_set_is_no_distance_from_itself_in_any_order_and_from_parts()
    {
        using var scope = NewDisposeScope();
        Tensor images = Recipe.Images(5, 64);
        using ImageSetStatistics whole = new(Fast), parts = new(Fast), rest = new(Fast);
        whole.Add(images);
        parts.Add(images.narrow(0, 3, 2));
        rest.Add(images.narrow(0, 0, 3));
        parts.Add(rest);
        GenerationMetrics same = parts.CompareWith(whole);
        Assert.Equal(5, same.Count);
        Assert.Equal(0, same.FrechetInceptionDistance!.Value, 1e-6);
        Assert.Equal(0, same.SpatialFrechetInceptionDistance!.Value, 1e-6);
        Assert.Equal(0, same.ResNet18FrechetDistance!.Value, 1e-6);
        Assert.Equal((1, 1, 1, 1), (same.Precision, same.Recall, same.ResNet18Precision, same.ResNet18Recall));
        Assert.True(same.InceptionScore >= 1);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Other_images_are_further_away_and_bytes_count_as_the_images_they_were_truncated_from()
    {
        using var scope = NewDisposeScope();
        var images = new EvaluationImages("");
        Tensor smooth = Recipe.Images(4, 64), busy = cat([.. Enumerable.Range(0, 4).Select(b => images.Busy(b, 64, 64))]);
        using ImageSetStatistics real = new(Fast), generated = new(Fast), bytes = new(Fast);
        real.Add(smooth);
        generated.Add(busy);
        bytes.Add(EvaluationImages.Bytes(busy));
        GenerationMetrics metrics = generated.CompareWith(real);
        Assert.True(metrics.FrechetInceptionDistance > 0.1, $"{metrics.FrechetInceptionDistance}");
        Assert.Equal(metrics, bytes.CompareWith(real));
        Assert.Equal(metrics.FrechetInceptionDistance!.Value, real.CompareWith(generated).FrechetInceptionDistance!.Value, 1e-6);
        Assert.Equal(metrics.ResNet18FrechetDistance!.Value, real.CompareWith(generated).ResNet18FrechetDistance!.Value, 1e-6);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_file_of_samples_is_read_and_statistics_of_other_features_are_refused()
    {
        string folder = Path.Combine(TestData.Root, "golden", "evaluation", "npz");
        using ImageSetStatistics samples = ImageSetStatistics.FromNpz(Path.Combine(folder, "samples.npz"), Fast);
        Assert.Equal(3, samples.Count);
        string refused = Assert.Throws<InvalidDataException>(() => ImageSetStatistics.FromNpz(Path.Combine(folder, "reference.npz"), Fast)).Message;
        Assert.Contains("must have mu [2048]", refused, StringComparison.Ordinal);
        Assert.Contains("reference.npz", refused, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Without_weights_or_images_it_says_what_is_missing()
    {
        Assert.Contains("pt_inception-2015-12-05-6726825d.pth", Assert.Throws<ArgumentException>(() => new ImageSetStatistics(new() { Inception = null, ResNet18 = null })).Message, StringComparison.Ordinal);
        using ImageSetStatistics empty = new(Fast), other = new(Fast);
        Assert.Contains("at least two images", Assert.Throws<InvalidOperationException>(() => empty.CompareWith(other)).Message, StringComparison.Ordinal);
        using var scope = NewDisposeScope();
        Assert.Contains("[B, 3, H, W]", Assert.Throws<ArgumentException>(() => empty.Add(zeros(3, 8, 8))).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Sets_of_different_weights_do_not_compare_and_the_ResNet18_alone_gives_its_own_numbers_only()
    {
        using var scope = NewDisposeScope();
        using ImageSetStatistics both = new(Fast), alone = new(new() { Inception = null }), other = new(new() { Inception = null });
        Assert.Contains("same weights", Assert.Throws<ArgumentException>(() => both.CompareWith(alone)).Message, StringComparison.Ordinal);
        Assert.Contains("same weights", Assert.Throws<ArgumentException>(() => alone.Add(both)).Message, StringComparison.Ordinal);
        alone.Add(Recipe.Images(5, 64));
        other.Add(1 - Recipe.Images(5, 64));
        GenerationMetrics metrics = alone.CompareWith(other);
        Assert.True(metrics is { FrechetInceptionDistance: null, SpatialFrechetInceptionDistance: null, InceptionScore: null, Precision: null, Recall: null });
        Assert.True(metrics.ResNet18FrechetDistance > 1, $"{metrics.ResNet18FrechetDistance}");
        Assert.NotNull(metrics.ResNet18Precision);
    }

    [Fact]
    public void A_feature_that_is_not_finite_is_refused()
    {
        using var statistics = new FeatureStatistics(2);
        using Tensor bad = tensor(new float[,] { { 1, float.NaN } });
        Assert.Contains("NaN", Assert.Throws<ArgumentException>(() => statistics.Add(bad)).Message, StringComparison.Ordinal);
        Assert.Equal(0, statistics.Count);
    }
}
