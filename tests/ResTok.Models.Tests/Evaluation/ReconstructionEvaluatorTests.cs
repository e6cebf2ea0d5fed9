using System.Text.Json.Nodes;
using ResTok.Models.Checkpoints;
using ResTok.Models.Evaluation;
using ResTok.Models.Tests.Parity;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Evaluation;

public class ReconstructionEvaluatorTests(EvaluationNetworks networks) : IClassFixture<EvaluationNetworks>
{
    [Fact]
    [Trait("Category", "Parity")]
    [Trait("Category", "Slow")]
    public void All_metrics_equal_the_evaluator_of_the_reference_in_one_go_and_in_parts()
    {
        JsonNode golden = JsonNode.Parse(File.ReadAllText(Path.Combine(TestData.Root, "golden", "evaluation", "evaluator.json")))!;
        int size = (int)golden["size"]!, codes = (int)golden["codebook_entries"]!;
        int[][] tokens = [.. golden["tokens"]!.AsArray().Select(row => row!.AsArray().Select(token => (int)token!).ToArray())];
        JsonNode wanted = golden["result"]!;
        using var scope = NewDisposeScope();
        var images = new EvaluationImages("");
        Tensor real = Recipe.Images(4, size), fake = cat([.. Enumerable.Range(0, 4).Select(b => EvaluationImages.RoundTo8Bits(images.Busy(b, size, size)))]);

        using ReconstructionEvaluator first = new(networks.Files, codes), second = new(networks.Files, codes);
        first.Add(real.narrow(0, 0, 3), fake.narrow(0, 0, 3), [.. tokens[..3].SelectMany(row => row)]);
        second.Add(real.narrow(0, 3, 1), fake.narrow(0, 3, 1), tokens[3]);
        first.Add(second);
        ReconstructionMetrics found = first.Result();
        Assert.Equal(4, found.Count);
        Assert.Equal((double)wanted["PSNR"]!, found.Psnr, 1e-4);
        Assert.Equal((double)wanted["SSIM"]!, found.Ssim, 5e-5);
        Assert.Equal((double)wanted["MS-SSIM"]!, found.MultiScaleSsim!.Value, 5e-5);
        Assert.Equal((double)wanted["LPIPS"]!, found.Lpips!.Value, 1e-6);
        Assert.Equal((double)golden["exact_rFID_from_features"]!["rFID"]!, found.FrechetInceptionDistance!.Value, 1e-5);
        Assert.Equal((double)wanted["InceptionScore"]!, found.InceptionScore!.Value, 1e-10);
        Assert.Equal((double)wanted["CodebookUsage"]!, found.CodebookUsage);
        Assert.Equal((double)wanted["CodebookEntropy"]!, found.CodebookEntropy!.Value, 1e-12);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Equal_images_are_no_distance_apart_and_without_weights_there_are_the_pixel_metrics()
    {
        using var scope = NewDisposeScope();
        Tensor images = Recipe.Images(3, 64);
        using (var whole = new ReconstructionEvaluator(networks.Files))
        {
            whole.Add(EvaluationImages.RoundTo8Bits(images), images);
            ReconstructionMetrics same = whole.Result();
            Assert.Equal(double.PositiveInfinity, same.Psnr);
            Assert.Equal(1, same.Ssim, 1e-6);
            Assert.Equal(0, same.Lpips!.Value, 1e-12);
            Assert.Equal(0, same.FrechetInceptionDistance!.Value, 1e-6);
            Assert.Equal(0, same.ResNet18PerceptualDistance!.Value, 1e-12);
            Assert.Equal(0, same.ResNet18FrechetDistance!.Value, 1e-6);
            Assert.Null(same.MultiScaleSsim); // 64 pixels are too few
            Assert.Null(same.CodebookUsage);
        }
        using var plain = new ReconstructionEvaluator();
        Assert.Contains("No images", Assert.Throws<InvalidOperationException>(plain.Result).Message, StringComparison.Ordinal);
        plain.Add(images, images * 0.9);
        ReconstructionMetrics metrics = plain.Result();
        Assert.True(metrics.Psnr is > 15 and < 40 && metrics.Ssim < 1);
        Assert.True(metrics is { Lpips: null, FrechetInceptionDistance: null, InceptionScore: null, ResNet18FrechetDistance: null, ResNet18PerceptualDistance: null });
        Assert.Throws<ArgumentException>(() => plain.Add(images, images.narrow(3, 0, 32)));
    }

    [Fact]
    public void A_file_that_is_not_the_network_is_named_with_what_is_wanted()
    {
        string inception = Refused(new() { Inception = networks.Files.AlexNet });
        Assert.Contains("pt_inception-2015-12-05-6726825d.pth", inception, StringComparison.Ordinal);
        Assert.Contains(networks.Files.AlexNet!, inception, StringComparison.Ordinal);
        Assert.Contains("missing: Conv2d_1a_3x3.conv.weight", inception, StringComparison.Ordinal);
        Assert.Contains("alex.pth", Refused(networks.Files with { LpipsHeads = "/nowhere.pth" }), StringComparison.Ordinal);
        Assert.Contains("needs both", Assert.Throws<ArgumentException>(() => new ReconstructionEvaluator(new() { AlexNet = networks.Files.AlexNet })).Message, StringComparison.Ordinal);

        static string Refused(EvaluationWeights weights) => Assert.Throws<CheckpointException>(() => new ReconstructionEvaluator(weights)).Message;
    }
}
