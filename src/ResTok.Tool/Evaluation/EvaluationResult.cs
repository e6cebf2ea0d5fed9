using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using ResTok.Models;
using ResTok.Models.Checkpoints;
using ResTok.Models.Evaluation;

namespace ResTok.Tool.Evaluation;

/// <summary>The metrics of reconstructions from so many tokens.</summary>
internal sealed record TokenCountResult(int Tokens, ReconstructionMetrics Metrics);

/// <summary>What an evaluation found, as <c>evaluation.json</c> holds it.</summary>
internal sealed record EvaluationResult
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNames.Policy,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
    };

    public required string Model { get; init; }

    public string? Generator { get; init; }

    public required string Data { get; init; }

    public string? Reference { get; init; }

    public SamplingOptions? Sampling { get; init; }

    public required string[] Networks { get; init; }

    public required TokenCountResult[] Reconstruction { get; init; }

    public GenerationMetrics? AgainstImages { get; init; }

    public GenerationMetrics? AgainstReconstructions { get; init; }

    /// <summary>The figures of reconstructions that some network or image size allows, by their headings.</summary>
    public IEnumerable<(string Heading, Func<ReconstructionMetrics, double?> Value, string Format)> ReconstructionFigures() =>
        new (string Heading, Func<ReconstructionMetrics, double?> Value, string Format)[]
        {
            ("PSNR (dB)", metrics => metrics.Psnr, "0.00"), ("SSIM", metrics => metrics.Ssim, "0.000"), ("MS-SSIM", metrics => metrics.MultiScaleSsim, "0.000"),
            ("LPIPS (Alex)", metrics => metrics.Lpips, "0.000"), ("rFID", metrics => metrics.FrechetInceptionDistance, "0.00"), ("Inception Score", metrics => metrics.InceptionScore, "0.0"),
            ("ResNet-18 perceptual distance", metrics => metrics.ResNet18PerceptualDistance, "0.000"), ("ResNet-18 Fréchet distance", metrics => metrics.ResNet18FrechetDistance, "0.0"),
            ("codebook used", metrics => metrics.CodebookUsage, "0.0 %"), ("bits a token", metrics => metrics.CodebookEntropy, "0.00"),
        }.Where(figure => Reconstruction.Any(point => figure.Value(point.Metrics) is not null));

    /// <summary>Those of generated images.</summary>
    public IEnumerable<(string Heading, Func<GenerationMetrics, double?> Value, string Format)> GenerationFigures() =>
        new (string Heading, Func<GenerationMetrics, double?> Value, string Format)[]
        {
            ("gFID", metrics => metrics.FrechetInceptionDistance, "0.00"), ("sFID", metrics => metrics.SpatialFrechetInceptionDistance, "0.00"), ("Inception Score", metrics => metrics.InceptionScore, "0.0"),
            ("precision", metrics => metrics.Precision, "0.000"), ("recall", metrics => metrics.Recall, "0.000"),
            ("ResNet-18 Fréchet distance", metrics => metrics.ResNet18FrechetDistance, "0.0"), ("precision on ResNet-18", metrics => metrics.ResNet18Precision, "0.000"), ("recall on ResNet-18", metrics => metrics.ResNet18Recall, "0.000"),
        }.Where(figure => new[] { AgainstImages, AgainstReconstructions }.Any(metrics => metrics is not null && figure.Value(metrics) is not null));

    public void Write(string path) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, this, Json));

    /// <summary>The tables of a model card.</summary>
    public string Markdown()
    {
        var text = new StringBuilder();
        var figures = ReconstructionFigures().ToArray();
        Row("tokens", figures.Select(figure => figure.Heading));
        Row("--:", figures.Select(_ => "--:"));
        foreach (TokenCountResult point in Reconstruction)
            Row(point.Tokens.ToString(CultureInfo.InvariantCulture), figures.Select(figure => Text(figure.Value(point.Metrics), figure.Format)));
        text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"{Reconstruction[0].Metrics.Count} images.");
        if (AgainstImages is not null)
        {
            var columns = GenerationFigures().ToArray();
            text.AppendLine();
            Row("generated images against", columns.Select(figure => figure.Heading));
            Row("---", columns.Select(_ => "--:"));
            Row(Reference ?? "the images", columns.Select(figure => Text(figure.Value(AgainstImages), figure.Format)));
            Row("their reconstructions", columns.Select(figure => Text(figure.Value(AgainstReconstructions!), figure.Format)));
            text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"{AgainstImages.Count} generated images.");
        }
        return text.ToString();

        void Row(string first, IEnumerable<string> rest) => text.AppendLine($"| {string.Join(" | ", rest.Prepend(first))} |");
    }

    public static string Text(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";
}
