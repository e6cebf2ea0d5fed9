using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Examples.Tests;

/// <summary>Every example does what it is there to show, with the demo model, whose weights may change: so limits are far from what it reaches.</summary>
public sealed class ExampleProgramTests
{
    private const int Tokens = 128, BitsOfAToken = 12, Side = 64, Drawn = 11, DrawnByOnnx = 16, Images = 6;

    [Fact]
    public void Quickstart_rebuilds_every_image_better_from_all_tokens_than_from_one()
    {
        using var run = new ExampleRun("Quickstart");
        string[] images = [.. run.FilesOf("index.html").Where(file => file.EndsWith(".png", StringComparison.Ordinal)).Select(file => Path.GetFileNameWithoutExtension(file))];
        Assert.Equal(Images, images.Length);
        foreach (string image in images)
        {
            using JsonDocument tokens = JsonDocument.Parse(File.ReadAllBytes(run.PathOf($"{image}.tokens.json")));
            Assert.Equal([1, 1, 2, 4, 8, 16, 32, 64], tokens.RootElement.GetProperty("levels").EnumerateArray().Select(level => level.GetArrayLength()));
            double[] psnr = [.. run.Lines.Single(words => words.FirstOrDefault() == image)[1..].Select(Number)];
            Assert.True(psnr[^1] > psnr[0] + 1, $"{image} has {psnr[0]} dB from one token and {psnr[^1]} dB from all.");
        }
        AssertHoldsWeights(run.PathOf("pipeline.zip"));
    }

    [Fact]
    public void Gallery_draws_every_class_with_every_seed_and_shows_growth_variations_and_mixtures()
    {
        using var run = new ExampleRun("Gallery");
        Assert.Equal(["grid.png", "growth.png", "mixtures.png", "variations.png"], run.FilesOf("index.html").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        const int Cell = 2 * Side + 8, Beside = 64, Above = 28, Seeds = 8, Passes = 9, Shown = 12;
        Assert.Equal((Beside + Seeds * Cell, Above + Shown * Cell), run.SizeOf("grid.png"));
        Assert.Equal((Passes * 2 * Side, 2 * Side), run.SizeOf("growth.png"));
        AssertHoldsWeights(run.PathOf("pipeline.zip"));
    }

    [Fact]
    public void Compress_writes_files_of_exactly_the_size_that_the_format_says()
    {
        using var run = new ExampleRun("Compress");
        string[] files = Directory.GetFiles(run.Folder, "*.restok");
        Assert.Equal(12, files.Length);
        Assert.All(files, file =>
        {
            byte[] bytes = File.ReadAllBytes(file);
            Assert.Equal(8 + Tokens * BitsOfAToken / 8, bytes.Length);
            Assert.Equal([(byte)'R', (byte)'S', (byte)'T', (byte)'K', 1, BitsOfAToken, Tokens, 0], bytes[..8]);
        });
        // The first token alone gives about 18 dB.
        double[] psnr = [.. Numbers(run.Lines.Single(words => words.FirstOrDefault() == "mean"))];
        Assert.True(psnr[0] > 20, $"The mean PSNR of what the tokens give back is {psnr[0]} dB.");
    }

    [Fact]
    [Trait("Category", "Long")]
    public void Classify_beats_chance_by_far_with_every_input_and_trainer()
    {
        using var run = new ExampleRun("Classify");
        string[] lines = File.ReadAllLines(run.PathOf("accuracy.txt"));
        Assert.Equal(1 + 5, lines.Length);
        Assert.All(lines[1..], line =>
        {
            double[] percents = [.. Regex.Matches(line, @"([\d.]+)%").Select(match => Number(match.Groups[1].Value))];
            Assert.NotEmpty(percents);
            Assert.All(percents, percent => Assert.True(percent > 3 * 100.0 / Drawn, line));
        });
    }

    [Fact]
    public void LinearProbe_says_what_each_level_knows_and_more_levels_know_more()
    {
        using var run = new ExampleRun("LinearProbe", "--learn", "600", "--held-out", "300");
        string[] lines = File.ReadAllLines(run.PathOf("accuracy.txt"));
        double Of(string name) => Number(Regex.Match(lines.Single(line => line.StartsWith(name + " ", StringComparison.Ordinal)), @"([\d.]+)%").Groups[1].Value);
        Assert.Equal(1 + 2 + 2 * 8 - 1, lines.Length);
        Assert.True(Of($"latents of {Tokens} tokens") > Of("latents of 1 tokens") && Of("features") > 3 * 100.0 / Drawn, string.Join('\n', lines));
    }

    [Fact]
    public void Search_finds_images_of_the_same_class_far_more_often_than_chance()
    {
        using var run = new ExampleRun("Search");
        Match shares = Regex.Match(run.Output, @"([\d.]+)% of the first 8 hits are of the query's class; ([\d.]+)% would be by chance");
        double share = Number(shares.Groups[1].Value), chance = Number(shares.Groups[2].Value);
        Assert.True(share > 2 * chance, shares.Value);
        Assert.Equal(24 * (1 + 8), run.FilesOf("index.html").Length);
    }

    [Fact]
    public void TextPipeline_puts_nine_of_eleven_sentences_in_their_class_and_draws_them_all()
    {
        using var run = new ExampleRun("TextPipeline", "--words"); // the small BERT would be downloaded; TorchSharpCompat.Tests runs it on made-up weights
        Match share = Regex.Match(run.Output, @"(\d+) of 11 sentences were put in the class they are about");
        Assert.True(share.Success && Number(share.Groups[1].Value) >= 9, run.Output);
        string[] images = Directory.GetFiles(run.Folder, "*.png");
        Assert.Equal(Drawn, images.Length);
        Assert.All(images, image => Assert.Equal((Side, Side), run.SizeOf(image)));
        Assert.Equal(Drawn, images.Select(image => Convert.ToBase64String(File.ReadAllBytes(image))).Distinct().Count());
        AssertHoldsWeights(run.PathOf("pipeline.zip"));
    }

    [Fact]
    public void Onnx_gives_the_librarys_tokens_in_a_program_without_libtorch_and_so_does_ApplyOnnxModel()
    {
        using ExampleRun library = new("Quickstart", "--search-steps", "0"), exported = new("OnnxExport");
        using var run = new ExampleRun("Onnx", "--models", exported.Folder);
        Assert.Contains("Done without libtorch.", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("libtorch", File.ReadAllText(Path.Combine(Repository.Root, "examples", "Onnx", "bin", Repository.Configuration, "net10.0", "Onnx.deps.json")), StringComparison.Ordinal);
        int equal = 0;
        foreach (string file in Directory.GetFiles(library.Folder, "*.tokens.json"))
        {
            using JsonDocument tokens = JsonDocument.Parse(File.ReadAllBytes(file));
            string[] expected = [.. tokens.RootElement.GetProperty("levels").EnumerateArray().SelectMany(level => level.EnumerateArray()).Select(token => token.GetRawText())];
            string[] found = run.Lines.Single(words => words.FirstOrDefault() == Path.GetFileName(file).Split('.')[0] + ":")[1..];
            equal += expected.Zip(found).Count(pair => pair.First == pair.Second);
        }
        Assert.InRange(equal, 0.99 * Images * Tokens, Images * Tokens); // rounding decides a few

        string[] drawn = Directory.GetFiles(run.Folder, "class*.png").Where(file => !file.EndsWith(".rebuilt.png", StringComparison.Ordinal)).ToArray();
        Assert.Equal(DrawnByOnnx, drawn.Length);
        using var again = new ExampleRun("Onnx", [.. drawn, "--models", exported.Folder]);
        foreach (string name in drawn.Select(file => Path.GetFileNameWithoutExtension(file)))
            Assert.Equal(again.Lines.Single(words => words.FirstOrDefault() == name + ":")[1..], run.Lines.Single(words => words.FirstOrDefault() == name && words[1] == "by")[3..]);
        AssertHoldsWeights(run.PathOf("plain.zip"));
        Assert.All(Directory.GetFiles(run.Folder, "class*.rebuilt.png"), file => Assert.InRange(new FileInfo(file).Length, 1000, 100_000)); // an empty one has 112 bytes

        Assert.All(Directory.GetFiles(library.Folder, "*.tokens.json").Select(file => Path.GetFileName(file).Split('.')[0]), name => Assert.Equal(
            run.Lines.Single(words => words.FirstOrDefault() == name + ":")[1..], run.Lines.Single(words => words.FirstOrDefault() == name && words[1] == "in")[4..]));
        AssertHoldsWeights(run.PathOf("pipeline.zip"));
        string program = Path.Combine(Repository.Root, "examples", "Onnx", "bin", Repository.Configuration, "net10.0");
        Assert.DoesNotContain(Directory.GetFiles(program, "*", SearchOption.AllDirectories), file => Path.GetFileName(file).Contains("LibTorchSharp", StringComparison.Ordinal));
    }

    private static void AssertHoldsWeights(string zip) => Assert.True(new FileInfo(zip).Length > 1_000_000, $"{zip} is too small to hold the weights.");

    private static IEnumerable<double> Numbers(IEnumerable<string> words) => words.Where(word => double.TryParse(word, CultureInfo.InvariantCulture, out _)).Select(Number);

    private static double Number(string word) => double.Parse(word, CultureInfo.InvariantCulture);
}
