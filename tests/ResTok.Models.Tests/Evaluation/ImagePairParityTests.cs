using System.Text.Json.Nodes;
using ResTok.Models.Evaluation;
using ResTok.Models.Tests.Parity;
using ResTok.Models.Training.Losses;
using TorchSharp;
using static ResTok.Models.Tests.Evaluation.EvaluationGoldens;
using static TorchSharp.torch;

namespace ResTok.Models.Tests.Evaluation;

/// <summary>How far an image is from another equals the reference's, by pixels and by networks.</summary>
[Trait("Category", "Parity")]
public class ImagePairParityTests
{
    public static TheoryData<string, string> PixelPairs() => Cases("pixel", "pairs");

    public static TheoryData<string, string> LpipsPairs() => Cases("lpips", "pairs");

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
}
