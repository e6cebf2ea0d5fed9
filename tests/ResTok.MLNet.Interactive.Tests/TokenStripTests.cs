using System.Xml.Linq;
using Microsoft.DotNet.Interactive.Formatting;
using ResTok.Models;

namespace ResTok.MLNet.Interactive.Tests;

public class TokenStripTests
{
    private static readonly TokenLevels Levels = new(16);

    [Fact]
    public void Each_token_is_one_cell_that_tells_its_level_and_value()
    {
        int[] tokens = [.. Enumerable.Range(100, 16)];
        XElement[] cells = Cells(tokens);
        Assert.Equal(16, cells.Length);
        Assert.Equal("level 0, 1 of 1: 100", cells[0].Attribute("title")!.Value);
        Assert.Equal("level 4, 3 of 8: 110", cells[10].Attribute("title")!.Value);
    }

    [Fact]
    public void Levels_differ_in_hue_and_tokens_in_brightness()
    {
        Assert.Equal([1, 1, 2, 4, 8], Cells([.. Enumerable.Range(0, 16)]).GroupBy(Hue).Select(level => level.Count()));
        Assert.Equal(16, Cells([.. Enumerable.Range(0, 16)]).Select(Background).Distinct().Count());
        Assert.Equal(5, Cells([.. Enumerable.Repeat(7, 16)]).Select(Background).Distinct().Count());
    }

    [Fact]
    public void The_leading_tokens_alone_can_be_shown_but_not_more_than_there_are_levels_for()
    {
        Assert.Equal(3, Cells([1, 2, 3]).Length);
        Assert.Contains("17", Assert.Throws<ArgumentException>(() => new int[17].ToStrip(Levels)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plain_numbers_are_shown_as_notebooks_show_them()
    {
        string shown = new[] { 1, 2, 4 }.ToDisplayString(HtmlFormatter.MimeType);
        Assert.DoesNotContain("hsl(", shown, StringComparison.Ordinal);
        Assert.Contains("4", shown, StringComparison.Ordinal);
    }

    private static XElement[] Cells(int[] tokens) => [.. Notebook.Show(tokens.ToStrip(Levels)).Elements()];

    private static string Background(XElement cell) => cell.Attribute("style")!.Value.Split(';').Single(style => style.StartsWith("background:", StringComparison.Ordinal));

    private static string Hue(XElement cell) => Background(cell).Split(',')[0];
}
