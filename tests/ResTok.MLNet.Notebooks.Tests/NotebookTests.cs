using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.DotNet.Interactive.Documents;

namespace ResTok.MLNet.Notebooks.Tests;

public sealed partial class NotebookTests(NotebookRuns runs) : IClassFixture<NotebookRuns>
{
    private const string Tokens = "01-tokens", Generate = "02-generate", Search = "03-search-and-classify", Train = "04-train-your-own";

    private static string Strip => $"strip of {DemoFacts.Tokens} tokens";

    private static string Image => $"image of {DemoFacts.Side} x {DemoFacts.Side}";

    [Fact]
    public void There_is_no_notebook_that_is_not_tested() =>
        Assert.Equal([Tokens, Generate, Search, Train], Directory.GetFiles(runs.Folder, "*.ipynb").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData(Tokens)]
    [InlineData(Generate)]
    [InlineData(Search)]
    [InlineData(Train)]
    public async Task A_notebook_runs_from_its_first_cell_to_its_last_and_keeps_what_it_shows(string name)
    {
        InteractiveDocument run = await runs.RunAsync(name), kept = runs.Kept(name);
        Assert.Equal(Cells(run), Cells(kept));
        Assert.Contains(Cells(kept), cell => cell != "");
    }

    [Theory]
    [InlineData(Tokens)]
    [InlineData(Generate)]
    [InlineData(Search)]
    [InlineData(Train)]
    public void A_notebook_is_small_starts_from_the_packages_and_explains_its_cells(string name)
    {
        Assert.InRange(new FileInfo(Path.Combine(runs.Folder, name + ".ipynb")).Length, 1, 1_000_000);
        InteractiveDocument kept = runs.Kept(name);
        Assert.Equal(".net-csharp", Assert.IsAssignableFrom<IDictionary<string, object>>(kept.Metadata["kernelspec"])["name"]);
        Assert.Equal("markdown", kept.Elements[0].KernelName);
        string first = kept.Elements.First(cell => cell.KernelName == NotebookKernel.CSharp).Contents;
        Assert.Equal(["ResTok.MLNet.Cpu", "ResTok.MLNet.DemoModel", "ResTok.MLNet.Interactive"], Package().Matches(first).Select(match => match.Groups[1].Value));
        Assert.True(kept.Elements.Count(cell => cell.KernelName == "markdown") >= 5);
        Assert.Contains("deprecated", kept.Elements[0].Contents, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_are_shown_as_strips_and_what_they_rebuild_and_attend_to_as_images()
    {
        int count = Directory.GetFiles(Path.Combine(Repository.Root, "examples", "pictures")).Length;
        string[] shown = await ShownAsync(Tokens);
        Assert.Contains(Strip, shown);
        Assert.Contains(shown, output => output.StartsWith($"table of {count + 1} rows, {count} × {Strip}, ", StringComparison.Ordinal));
        Assert.Contains($"table of {count + 1} rows, {count * DemoFacts.Levels} × {Image}", shown);
        Assert.Contains($"8 × {Image}", shown);
        Assert.Contains($"{DemoFacts.Levels} × {Image}", shown);
    }

    [Fact]
    public async Task Images_are_generated_by_class_seed_level_and_guidance_and_varied_and_mixed()
    {
        int classes = Math.Min(12, DemoFacts.Classes); // the most rows of the table
        string[] shown = await ShownAsync(Generate);
        Assert.Contains($"table of 2 rows, {Strip}, {Image}", shown);
        Assert.Contains($"table of {classes + 1} rows, {3 * classes} × {Image}", shown);
        Assert.Contains($"table of 4 rows, {3 * DemoFacts.Levels} × {Image}", shown);
        Assert.Contains($"table of 5 rows, 16 × {Image}", shown);
        Assert.Contains($"table of 4 rows, 18 × {Image}", shown);
        Assert.Contains($"{DemoFacts.Levels + 1} × {Image}", shown);
    }

    [Fact]
    public async Task Drawings_are_found_and_told_apart_by_their_features_far_more_often_than_by_chance()
    {
        string[] shown = await ShownAsync(Search);
        Assert.Contains($"table of 5 rows, 4 × {Strip}, 4 × image of 64 x 64", shown);
        Assert.Equal(6, shown.Count(output => output == "8 × image of 64 x 64"));
        string text = await TextAsync(Search);
        Assert.InRange(Number("([0-9]+)% of the nearest", text), 40, 100); // of four classes
        foreach (string input in new[] { "pixels", "tokens", "latents", "features" })
            Assert.InRange(Number($"{input} +([0-9]+)% of 120 right", text), 40, 100);
    }

    [Fact]
    public async Task Training_shows_curves_and_what_was_learned()
    {
        string[] shown = await ShownAsync(Train);
        Assert.Contains(shown, output => output.Contains("curve of reconstruction_loss", StringComparison.Ordinal));
        Assert.Contains($"table of 7 rows, 6 × {Strip}, 24 × {Image}", shown);
        string text = await TextAsync(Train);
        Assert.True(Number("255: ([0-9]+)[.]", text) >= Number("before, ([0-9]+)[.]", text), text);
        Assert.Contains("the loaded pipeline gives the same tokens: True", text, StringComparison.Ordinal);
    }

    private static int Number(string pattern, string text) => int.Parse(Regex.Match(text, pattern).Groups[1].Value, CultureInfo.InvariantCulture);

    private async Task<string> TextAsync(string name) => string.Concat((await runs.RunAsync(name)).Elements.SelectMany(cell => cell.Outputs).Select(Outline.Text));

    private async Task<string[]> ShownAsync(string name) => [.. (await runs.RunAsync(name)).Elements.SelectMany(cell => cell.Outputs).Select(Outline.Of)];

    private static string[] Cells(InteractiveDocument notebook) =>
        [.. notebook.Elements.Where(cell => cell.KernelName == NotebookKernel.CSharp).Select(cell => string.Join("; ", cell.Outputs.Select(Outline.Of)))];

    [GeneratedRegex("^#r \"nuget: ([A-Za-z.]+)\"$", RegexOptions.Multiline)]
    private static partial Regex Package();
}
