using System.Text.Json.Nodes;
using ResTok.Models.Evaluation;
using ResTok.Models.Tests.Parity;
using TorchSharp;
using static ResTok.Models.Tests.Evaluation.EvaluationGoldens;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Evaluation;

/// <summary>Every number that the evaluation gives for sets of images equals the reference's, also on the sets under the folder that RESTOK_GOLDEN_DIR names.</summary>
[Trait("Category", "Parity")]
public class EvaluationParityTests
{
    public static TheoryData<string, string> FrechetCases() => Cases("fid", "fid_cases");

    public static TheoryData<string, string> PrecisionCases() => Cases("fid", "precision_recall");

    public static TheoryData<string, string> InceptionImages() => Cases("inception", "images");

    /// <summary>Without the two of rectangular windows, where the reference fails or never ends.</summary>
    public static TheoryData<string, string> SearchRuns()
    {
        var data = new TheoryData<string, string>();
        foreach ((string set, string folder) in GoldenSet.Folders("search"))
        {
            foreach (JsonNode? run in JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "search.json")))!["runs"]!.AsArray().Where(run => (string)run!["status"]! == "finished"))
                data.Add(set, (string)run!["name"]!);
        }
        return data;
    }

    public static TheoryData<string, string> UsageCases() => Cases("usage", "cases");

    [Theory]
    [MemberData(nameof(FrechetCases))]
    public void Frechet_distance(string set, string name)
    {
        using var golden = new GoldenSet(GoldenSet.Folders("fid")[set], "fid");
        using var scope = NewDisposeScope();
        JsonNode wanted = Find(golden, "fid_cases", name);
        using var first = Distribution(golden, name, "a");
        using var second = Distribution(golden, name, "b");
        Near(golden[$"fid.{name}.mean_a"], first.Mean, 1e-12);
        Near(golden[$"fid.{name}.cov_a"], first.Covariance, 1e-12);
        Near(golden[$"fid.{name}.mean_b"], second.Mean, 1e-12);
        Near(golden[$"fid.{name}.cov_b"], second.Covariance, 1e-12);
        double exact = (double)wanted["exact"]!["fid"]!, tolerance = name is "full_rank" or "unequal_counts" or "identical" ? 1e-9 : 1e-6;
        Assert.InRange(first.DistanceTo(second), exact - tolerance, exact + tolerance);
        Assert.InRange(second.DistanceTo(first), exact - tolerance, exact + tolerance);
    }

    [Theory]
    [MemberData(nameof(PrecisionCases))]
    public void Precision_and_recall(string set, string name)
    {
        using var golden = new GoldenSet(GoldenSet.Folders("fid")[set], "fid");
        using var scope = NewDisposeScope();
        JsonNode wanted = Find(golden, "precision_recall", name)["float64"]!;
        using FeatureRows reference = Rows(golden[$"pr.{name}.reference"]), sample = Rows(golden[$"pr.{name}.sample"]);
        (double precision, double recall) = PrecisionRecall.Of(reference, sample);
        Assert.Equal((double)wanted["precision"]!, precision);
        Assert.Equal((double)wanted["recall"]!, recall);
        double tolerance = name == "offset" ? 1e-3 : 1e-5;
        Near(golden[$"pr.{name}.float64.radii_reference"], tensor(PrecisionRecall.SquaredRadii(reference)), tolerance);
        Near(golden[$"pr.{name}.float64.radii_sample"], tensor(PrecisionRecall.SquaredRadii(sample)), tolerance);
    }

    [Fact]
    public void Inception_score()
    {
        foreach (string folder in GoldenSet.Folders("fid").Values)
        {
            using var golden = new GoldenSet(folder, "fid");
            using var scope = NewDisposeScope();
            foreach ((string key, string logits) in new[] { ("inception_score_reconstruction", "is.logits"), ("inception_score_reconstruction_peaked", "is.logits_peaked") })
            {
                double wanted = (double)golden.Description[key]!["value"]!;
                foreach (int batch in new[] { 24, 10 })
                {
                    using var score = new InceptionScore((int)golden[logits].shape[1]);
                    foreach (Tensor part in golden[logits].split(batch))
                        score.Add(part);
                    Assert.InRange(score.Value(), wanted * (1 - 1e-12), wanted * (1 + 1e-12));
                }
            }
            Tensor generated = golden["is.activations"].mm(golden["is.weight"]);
            foreach (JsonNode? run in golden.Description["inception_score_generation"]!["runs"]!.AsArray())
            {
                double wanted = (double)run!["value_float32"]!;
                Assert.InRange(InceptionScore.OfParts(generated.split((int)run["split_size"]!)), wanted * (1 - 2e-6), wanted * (1 + 2e-6));
            }
            Assert.True(double.IsNaN(InceptionScore.OfParts([generated * 100]))); // as the reference: a probability that is 0
        }
    }

    [Theory]
    [MemberData(nameof(InceptionImages))]
    [Trait("Category", "Slow")]
    public void Inception_network(string set, string name)
    {
        using var golden = new GoldenSet(GoldenSet.Folders("inception")[set], "inception");
        using var scope = NewDisposeScope();
        JsonNode image = Find(golden, "images", name);
        Tensor bytes = Bytes(golden.Salt, image);
        Assert.Equal((long)image["uint8_sum"]!, bytes.to(ScalarType.Int64).sum().item<long>());
        using var network = new InceptionNetwork(new EvaluationImages(golden.Salt).Weights, ScalarType.Float64, CPU);
        using InceptionFeatures features = network.Forward(bytes, (layer, x) =>
        {
            if (layer == "resize")
            {
                Near(golden[$"{name}.resize.top_left"], x[0].narrow(1, 0, 8).narrow(2, 0, 8), 1e-10);
                Near(golden[$"{name}.resize.bottom_right"], x[0].narrow(1, 291, 8).narrow(2, 291, 8), 1e-10);
                Near(golden[$"{name}.resize.strided"], EvaluationImages.Strided(x, 512), 1e-10);
            }
            else if (golden.Names.Contains($"{name}.debug.{layer}.strided"))
            {
                Near(golden[$"{name}.debug.{layer}.strided"], EvaluationImages.Strided(x, 64), 1e-10);
            }
        });
        Near(golden[$"{name}.2048"], features.Pooled.flatten(), 1e-10);
        Near(golden[$"{name}.sfid"], features.Spatial.flatten(), 1e-10);
        Near(golden[$"{name}.logits_unbiased"], features.Logits.flatten(), 1e-10);
        Near(golden[$"{name}.logits"], (features.Logits + network.Bias).flatten(), 1e-10);

        using var narrow = new InceptionNetwork(new EvaluationImages(golden.Salt).Weights, ScalarType.Float32, CPU);
        using InceptionFeatures rounded = narrow.Forward(bytes);
        Near(golden[$"{name}.2048"], rounded.Pooled.flatten(), 3e-5);
        Near(golden[$"{name}.logits_unbiased"], rounded.Logits.flatten(), 3e-5);
        Near(golden[$"{name}.sfid"], rounded.Spatial.flatten(), 1e-4);
    }

    [Theory]
    [MemberData(nameof(SearchRuns))]
    public void Guidance_search_tries_what_the_reference_tries(string set, string name)
    {
        JsonNode golden = JsonNode.Parse(File.ReadAllText(Path.Combine(GoldenSet.Folders("search")[set], "search.json")))!;
        JsonNode run = golden["runs"]!.AsArray().Single(entry => (string)entry!["name"]! == name)!;
        (double Scale, double Distance)[] wanted = [.. run["evaluations"]!.AsArray().Select(trial => ((double)trial!["cfg_scale"]!, (double)trial["FID"]!))];
        var tried = new List<(double Scale, double Distance)>();
        if (run["rows_already_there"] is { } rows) // of which the search may use those of its own schedule and number of samples
            tried.AddRange(rows.AsArray().Where(row => (int)row![0]! == 50_000 && (string)row[3]! == (string)run["schedule"]!).Select(row => ((double)row![2]!, (double)row[4]!)));
        double start = wanted[0].Scale;
        foreach ((double scale, double distance) in wanted)
        {
            Assert.Equal(scale, GuidanceSearch.Next(tried, start, (double)run["min_cfg_scale"]!, [0.25]));
            tried.Add((scale, distance));
        }
        Assert.Null(GuidanceSearch.Next(tried, start, (double)run["min_cfg_scale"]!, [0.25]));
        Assert.Equal(tried.Min(trial => trial.Distance), GuidanceSearch.Best(tried)!.Value.Distance); // and not the last one tried
    }

    [Theory]
    [MemberData(nameof(UsageCases))]
    public void Codebook(string set, string name)
    {
        JsonNode golden = JsonNode.Parse(File.ReadAllText(Path.Combine(GoldenSet.Folders("usage")[set], "usage.json")))!;
        JsonNode wanted = golden["cases"]!.AsArray().Single(entry => (string)entry!["name"]! == name)!;
        CodebookStatistics whole = new((int)wanted["codebook_entries"]!), parts = new((int)wanted["codebook_entries"]!);
        foreach (JsonNode? batch in wanted["batches"]!.AsArray())
        {
            int[] tokens = [.. batch!.AsArray().SelectMany(row => row!.AsArray().Select(token => (int)token!))];
            var part = new CodebookStatistics((int)wanted["codebook_entries"]!);
            whole.Add(tokens);
            part.Add(tokens);
            parts.Add(part);
        }
        foreach (CodebookStatistics statistics in new[] { whole, parts })
        {
            Assert.Equal((double)wanted["CodebookUsage"]!, statistics.Usage);
            Assert.Equal((double)wanted["CodebookEntropy"]!, statistics.Entropy, 1e-12);
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => whole.Add([(int)wanted["codebook_entries"]!]));
    }

    private static FeatureDistribution Distribution(GoldenSet golden, string name, string side)
    {
        Tensor features = golden[$"fid.{name}.{side}"];
        using FeatureStatistics first = new((int)features.shape[1]), rest = new((int)features.shape[1]);
        first.Add(features.narrow(0, 0, 1));
        rest.Add(features.narrow(0, 1, features.shape[0] - 1));
        first.Add(rest);
        return first.Distribution();
    }

    private static FeatureRows Rows(Tensor features)
    {
        var rows = new FeatureRows((int)features.shape[1]);
        foreach (Tensor batch in features.split(7))
            rows.Add(batch);
        return rows;
    }

    private static Tensor Bytes(string salt, JsonNode image)
    {
        int b = (int)image["b"]!, height = (int)image["height"]!, width = (int)image["width"]!;
        return EvaluationImages.Bytes((string)image["kind"]! == "busy" ? new EvaluationImages(salt).Busy(b, height, width) : Recipe.Smooth(b, height, width));
    }

    private static void Near(Tensor wanted, Tensor found, double tolerance)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(wanted.shape, found.shape);
        double error = (wanted.to(ScalarType.Float64) - found.to(ScalarType.Float64)).abs().max().item<double>();
        Assert.True(error <= tolerance, $"off by {error}, {tolerance} allowed");
    }
}
