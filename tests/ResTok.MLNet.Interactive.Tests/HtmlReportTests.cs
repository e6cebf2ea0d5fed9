using System.Text.RegularExpressions;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.Models;
using ResTok.Models.Training;

namespace ResTok.MLNet.Interactive.Tests;

public sealed class HtmlReportTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("restok-report-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_page_holds_what_was_added_in_its_order_and_needs_nothing_else()
    {
        using MLImage one = Notebook.Noise(1, 20, 30), two = Notebook.Noise(2, 600, 300);
        IDataView view = new MLContext().Data.LoadFromEnumerable(Enumerable.Range(0, 30).Select(i => new Row { Name = $"<row {i}>" }));
        var curve = new TrainingCurve();
        curve.Report(new TrainingProgress(1, 2, new Dictionary<string, double> { ["loss"] = 0.5 }, 1, TimeSpan.Zero));
        var report = new HtmlReport("All & sundry");
        report.Add("A text with <angles>");
        report.Add(view, "Rows", rows: 12);
        report.Add(one, "One");
        report.Add([one, two], "Two");
        report.Add(new[] { 3, 1 }.ToStrip(new TokenLevels(8)));
        report.Add(curve, "Curve");

        string page = File.ReadAllText(report.Save(Path.Combine(folder, "page.html")));
        Assert.StartsWith("<!doctype html>", page, StringComparison.Ordinal);
        Assert.Contains("<h1>All &amp; sundry</h1>", page, StringComparison.Ordinal);
        string[] parts = ["A text with &lt;angles&gt;", "Rows</h2>", "&lt;row 11&gt;", "One</h2>", "Two</h2>", "2 tokens", "Curve</h2>", "loss"];
        Assert.Equal(parts, parts.OrderBy(part => page.IndexOf(part, StringComparison.Ordinal)));
        Assert.All(parts, part => Assert.Contains(part, page, StringComparison.Ordinal));
        Assert.DoesNotContain("row 12&gt;", page, StringComparison.Ordinal);
        Assert.Equal(["20x30", "20x30", "256x128"], Regex.Matches(page, "<img width=\"(\\d+)\" height=\"(\\d+)\"").Select(tag => $"{tag.Groups[1].Value}x{tag.Groups[2].Value}"));
        Assert.DoesNotMatch("(src|href)=\"(?!data:)", page);
        Assert.Equal(20, one.Width); // still the caller's
    }

    [Fact]
    public void What_was_added_may_be_disposed()
    {
        var report = new HtmlReport("Images");
        using (MLImage image = Notebook.Noise(1, 8, 8))
            report.Add(image);
        Assert.Contains("<img ", report.ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_is_replaced_whole_and_its_full_path_is_given()
    {
        string path = Path.Combine(folder, "page.html");
        File.WriteAllText(path, new string('x', 100_000));
        Assert.Equal(path, new HtmlReport("Short").Save(path));
        Assert.EndsWith("</html>", File.ReadAllText(path).TrimEnd(), StringComparison.Ordinal);
        Assert.Equal([path], Directory.GetFiles(folder));
    }

    private sealed class Row
    {
        public string Name { get; set; } = "";
    }
}
