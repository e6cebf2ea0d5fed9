using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.Documentation.Tests;

namespace ResTok.MLNet.PackageTests;

/// <summary>What the page for newcomers promises, who have the packages and nothing of this repository.</summary>
[Collection(nameof(PackedFeed))]
public sealed class GettingStartedTests(PackedFeed feed)
{
    private const string Heading = "In a program of your own";

    [Fact]
    public void Its_first_commands_and_lines_give_tokens_a_reconstruction_and_a_generated_image()
    {
        MarkdownBlock[] blocks = [.. MarkdownBlock.ReadAll(Path.Combine(Repository.Root, "docs", "getting-started.md")).Where(block => block.Heading == Heading)];
        string program = blocks.First(block => block.Language == "csharp").Text, output = "";
        string image = Path.Combine(Repository.Root, "examples", "pictures", "sunset.png"), folder = feed.CreateFolder("GettingStarted");
        foreach (string[] words in blocks.First(block => block.Language == "sh").Text.Split('\n').Select(WordsOf))
        {
            if (words is ["cd", string target])
            {
                folder = Path.Combine(folder, target);
                continue;
            }
            if (words is ["dotnet", "run", .., string name])
            {
                File.WriteAllText(Path.Combine(folder, "Program.cs"), program);
                File.Copy(image, Path.Combine(folder, name));
            }
            if (words is ["dotnet", .. string[] arguments])
                output = Program.Run("dotnet", folder, arguments is ["add", "package", ..] ? [.. arguments, "--version", feed.Version] : arguments);
        }

        Assert.Equal(DemoTokensOf(image), output.Trim().Split(' ').Select(int.Parse));
        Assert.Equal(DemoTokensOf(image), TokensOf(image, new MLContext().Model.Load(Path.Combine(folder, "pipeline.zip"), out _)));
        using MLImage original = MLImage.CreateFromFile(image), rebuilt = MLImage.CreateFromFile(Path.Combine(folder, "Rebuilt.png")), generated = MLImage.CreateFromFile(Path.Combine(folder, "Generated.png"));
        Assert.Equal((rebuilt.Width, rebuilt.Height), (generated.Width, generated.Height));
        double ofRebuilt = Difference(original, rebuilt), ofGenerated = Difference(original, generated);
        Assert.True(ofRebuilt < ofGenerated / 2, $"The reconstruction differs from the image by {ofRebuilt}, the generated image by {ofGenerated}.");
    }

    private static string[] WordsOf(string line) => line.Split('#')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static int[] DemoTokensOf(string image)
    {
        var ml = new MLContext();
        using ResTokTokenizer restok = ResTokTokenizer.Demo();
        using var model = ml.Transforms.LoadImages("Image", "", "Path").Append(ml.Transforms.ResTokEncode("Tokens", "Image", restok)).Fit(ml.Data.LoadFromEnumerable([new Row()]));
        return TokensOf(image, model);
    }

    private static int[] TokensOf(string image, ITransformer model) =>
        model.Transform(new MLContext().Data.LoadFromEnumerable([new Row { Path = image }])).GetColumn<int[]>("Tokens").Single();

    /// <summary>The mean difference of the 8-bit values of two images as the demo tokenizer sees them.</summary>
    private static double Difference(MLImage a, MLImage b)
    {
        using MLImage x = ResTokImages.Fit(a, 64), y = ResTokImages.Fit(b, 64);
        return x.Pixels.ToArray().Zip(y.Pixels.ToArray()).Average(pair => Math.Abs(pair.First - pair.Second));
    }

    private sealed class Row
    {
        public string Path { get; set; } = "";

        public string Label { get; set; } = "";
    }
}
