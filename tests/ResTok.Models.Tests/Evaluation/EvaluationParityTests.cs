using System.Text.Json.Nodes;
using ResTok.Models.Evaluation;
using ResTok.Models.Tests.Parity;
using ResTok.Models.Training.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Evaluation;

/// <summary>Every number of the evaluation equals the reference's, also on the sets under the folder that RESTOK_GOLDEN_DIR names.</summary>
[Trait("Category", "Parity")]
public class EvaluationParityTests
{
    public static TheoryData<string, string> FrechetCases() => Cases("fid", "fid_cases");

    public static TheoryData<string, string> PrecisionCases() => Cases("fid", "precision_recall");

    public static TheoryData<string, string> InceptionImages() => Cases("inception", "images");

    public static TheoryData<string, string> PixelPairs() => Cases("pixel", "pairs");

    public static TheoryData<string, string> LpipsPairs() => Cases("lpips", "pairs");

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
    [MemberData(nameof(PixelPairs))]
    public void Pixel_metrics(string set, string name)
    {
        JsonNode golden = JsonNode.Parse(File.ReadAllText(Path.Combine(GoldenSet.Folders("pixel")[set], "pixel.json")))!;
        using var scope = NewDisposeScope();
        JsonNode pair = golden["pairs"]!.AsArray().Single(pair => (string)pair!["name"]! == name)!;
        (Tensor real, Tensor fake) = Pair((string?)golden["salt"] ?? "", pair);
        Close(pair["psnr"]!, PixelMetrics.Psnr(real, fake)[0], 1e-4);
        Close(pair["ssim"]!, PixelMetrics.Ssim(real, fake)[0], 5e-5);
        Close(pair["ssim_float64_package"]!, PixelMetrics.Ssim(real.to(ScalarType.Float64), fake.to(ScalarType.Float64))[0], 1e-9);
        if (pair["ms_ssim"] is JsonObject)
        {
            Assert.Contains("more than 160 pixels", Assert.Throws<ArgumentException>(() => PixelMetrics.MultiScaleSsim(real, fake)).Message, StringComparison.Ordinal);
            return;
        }
        Close(pair["ms_ssim"]!, PixelMetrics.MultiScaleSsim(real, fake)[0], 5e-5);
        Close(pair["ms_ssim_float64_package"]!, PixelMetrics.MultiScaleSsim(real.to(ScalarType.Float64), fake.to(ScalarType.Float64))[0], 1e-9);
    }

    [Theory]
    [MemberData(nameof(LpipsPairs))]
    public void Lpips_on_AlexNet(string set, string name)
    {
        using var golden = new GoldenSet(GoldenSet.Folders("lpips")[set], "lpips");
        using var scope = NewDisposeScope();
        JsonNode pair = Find(golden, "pairs", name);
        (Tensor real, Tensor fake) = Pair(golden.Salt, pair);
        using var network = new AlexDistance(new EvaluationImages(golden.Salt).Weights, CPU);
        double total = network.Forward(fake, real, (layer, distance) => Relative((double)pair["alex"]!["layers"]![layer]!, distance.item<float>())).item<float>();
        Relative((double)pair["alex"]!["total"]!, total);

        static void Relative(double wanted, double found) => Assert.InRange(found, wanted * (1 - 1e-5) - 1e-8, wanted * (1 + 1e-5) + 1e-8);
    }

    [Theory]
    [MemberData(nameof(LpipsPairs))]
    [Trait("Category", "Slow")]
    public void Lpips_on_VGG16_as_the_training_loss(string set, string name)
    {
        using var golden = new GoldenSet(GoldenSet.Folders("lpips")[set], "lpips");
        using var scope = NewDisposeScope();
        JsonNode pair = Find(golden, "pairs", name);
        (Tensor real, Tensor fake) = Pair(golden.Salt, pair);
        using var network = new PerceptualLoss(new EvaluationImages(golden.Salt).VggWeights, CPU);
        double wanted = (double)pair["vgg"]!["total"]!, found = network.Forward(fake, real).item<float>();
        Assert.InRange(found, wanted * (1 - 1e-5) - 1e-8, wanted * (1 + 1e-5) + 1e-8);
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

    private static TheoryData<string, string> Cases(string kind, string list)
    {
        var data = new TheoryData<string, string>();
        foreach ((string set, string folder) in GoldenSet.Folders(kind))
        {
            foreach (JsonNode? entry in JsonNode.Parse(File.ReadAllText(Path.Combine(folder, kind + ".json")))![list]!.AsArray())
                data.Add(set, (string)entry!["name"]!);
        }
        return data;
    }

    private static JsonNode Find(GoldenSet golden, string list, string name) => golden.Description[list]!.AsArray().Single(entry => (string)entry!["name"]! == name)!;

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

    /// <summary>The images that a pair's description names: "smooth 0", "busy b rounded to 8 bits" and so on.</summary>
    private static (Tensor Real, Tensor Fake) Pair(string salt, JsonNode pair)
    {
        int height = (int)pair["height"]!, width = (int)pair["width"]!;
        return (Image((string)pair["real"]!), Image((string)pair["fake"]!));

        Tensor Image(string text)
        {
            Tensor image = text.Contains("128/255", StringComparison.Ordinal) ? full([1, 3, height, width], 128f / 255)
                : text.Contains("busy", StringComparison.Ordinal) ? new EvaluationImages(salt).Busy(Number(text), height, width)
                : Recipe.Smooth(Number(text), height, width);
            if (text.StartsWith('1') && text.Contains("smooth", StringComparison.Ordinal))
                image = 1 - image;
            return text.Contains("rounded", StringComparison.Ordinal) ? EvaluationImages.RoundTo8Bits(image) : image;
        }

        int Number(string text) => text.Contains("b+1", StringComparison.Ordinal) ? (int)pair["b"]! + 1
            : pair["b"] is { } b ? (int)b
            : int.Parse(text.Split(' ')[1].TrimEnd(','), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static void Close(JsonNode wanted, double found, double tolerance)
    {
        if (wanted.GetValueKind() == System.Text.Json.JsonValueKind.String)
            Assert.Equal(double.PositiveInfinity, found);
        else
            Assert.Equal((double)wanted, found, tolerance);
    }

    private static void Near(Tensor wanted, Tensor found, double tolerance)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(wanted.shape, found.shape);
        double error = (wanted.to(ScalarType.Float64) - found.to(ScalarType.Float64)).abs().max().item<double>();
        Assert.True(error <= tolerance, $"off by {error}, {tolerance} allowed");
    }
}
