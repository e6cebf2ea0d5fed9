using System.Text.RegularExpressions;
using Examples.Tests;
using Microsoft.ML.Data;

namespace ResTok.MLNet.TorchSharpCompat.Tests;

/// <summary>The examples with trainers of Microsoft.ML.TorchSharp: trained on made-up weights, and the saved pipelines used by a fresh process.</summary>
public sealed class ExampleTests(WeightsFolder weights) : IClassFixture<WeightsFolder>
{
    [Theory]
    [InlineData("TextPipeline")]
    [InlineData("Similarity")]
    public void Sentences_become_the_same_images_in_a_fresh_process(string example)
    {
        TrainerWeights.Make(weights.Path, [TrainerWeights.Text]);
        using var trained = new ExampleRun(example, "--weights", weights.Path, "--epochs", "1");
        Assert.Contains("Starting from", trained.Output, StringComparison.Ordinal);
        using var loaded = new ExampleRun(example, "--load", trained.PathOf("pipeline.zip"));
        Assert.DoesNotContain("Starting from", loaded.Output, StringComparison.Ordinal);
        string[] images = [.. Directory.GetFiles(trained.Folder, "*.png").Select(file => Path.GetFileName(file))];
        Assert.Equal(11, images.Length);
        Assert.All(images, image => Assert.Equal(File.ReadAllBytes(trained.PathOf(image)), File.ReadAllBytes(loaded.PathOf(image))));
    }

    [Fact]
    public void Objects_get_the_same_boxes_and_tokens_in_a_fresh_process()
    {
        TrainerWeights.Make(weights.Path, [TrainerWeights.Detection], detectedClasses: 4);
        // One small image: made-up weights find hundreds of objects on each, and their trainer's sorting out takes minutes on a large one.
        string image = Path.Combine(weights.Path, "image.png");
        using (MLImage drawn = MLImage.CreateFromPixels(96, 96, MLPixelFormat.Rgba32, [.. Enumerable.Range(0, 96 * 96).SelectMany(i => new byte[] { (byte)(i % 96 / 32 * 120), (byte)(i / 96 / 32 * 120), 90, 255 })]))
            drawn.Save(image);
        using var trained = new ExampleRun("ObjectIndex", "--weights", weights.Path, "--scenes", "4", "--epochs", "1", "--threshold", "0.05", image);
        using var loaded = new ExampleRun("ObjectIndex", "--load", trained.Folder, image);
        string[] index = File.ReadAllLines(trained.PathOf("index.jsonl"));
        Assert.NotEmpty(index);
        Assert.Equal(index.Select(WithoutPath), File.ReadAllLines(loaded.PathOf("index.jsonl")).Select(WithoutPath));
        Assert.All(index, line => Assert.Equal(128, Regex.Match(line, @"""Tokens"":\[(?<tokens>[^]]*)\]").Groups["tokens"].Value.Split(',').Length));
    }

    private static string WithoutPath(string line) => Regex.Replace(line, @"""Path"":""[^""]*""", "");
}
