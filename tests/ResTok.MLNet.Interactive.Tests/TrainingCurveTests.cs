using System.Globalization;
using System.Xml.Linq;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.CSharp;
using Microsoft.DotNet.Interactive.Events;
using ResTok.Models.Training;

namespace ResTok.MLNet.Interactive.Tests;

public class TrainingCurveTests
{
    [Fact]
    public void Every_figure_has_a_curve_of_all_steps_so_far()
    {
        var curve = new TrainingCurve();
        Assert.Empty(Notebook.Show(curve).Descendants("polyline"));
        curve.Report(At(10, ("loss", 4), ("psnr <dB>", 10)));
        curve.Report(At(20, ("loss", 2), ("psnr <dB>", 15)));
        curve.Report(At(40, ("loss", 3)));
        XElement shown = Notebook.Show(curve);
        Assert.Contains("Step 40 of 110, 12.5 samples/s, 00:03:00 left", shown.Value, StringComparison.Ordinal);
        XElement[] figures = [.. shown.Descendants("svg")];
        Assert.Equal(["loss", "psnr <dB>"], figures.Select(svg => svg.Attribute("aria-label")!.Value));
        // The steps go from the first one to the 110 of the whole run; the largest value is at the top.
        Assert.Equal([(0, 0), (32, 100), (96, 50)], Points(figures[0]));
        Assert.Equal([(0, 100), (32, 0)], Points(figures[1]));
    }

    [Fact]
    public void Training_that_goes_on_from_a_checkpoint_replaces_the_steps_it_repeats()
    {
        var curve = new TrainingCurve();
        foreach (int step in new[] { 10, 60, 110, 60 })
            curve.Report(At(step, ("loss", step)));
        Assert.Equal([(0, 100), (160, 0)], Points(Notebook.Show(curve).Descendants("svg").Single()));
    }

    [Fact]
    public void Values_that_are_not_finite_are_left_out_and_long_runs_thinned()
    {
        var curve = new TrainingCurve();
        for (int step = 1; step <= 5000; step++)
            curve.Report(At(step, 5000, ("loss", step == 7 ? double.NaN : step), ("none", double.PositiveInfinity)));
        XElement svg = Notebook.Show(curve).Descendants("svg").Single();
        (double X, double Y)[] points = [.. Points(svg)];
        Assert.InRange(points.Length, 100, 320);
        Assert.Equal((320, 0), points[^1]);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task In_a_notebook_that_loaded_the_package_the_curve_shows_itself_and_grows()
    {
        using var notebook = new CompositeKernel { new CSharpKernel() };
        var events = new List<KernelEvent>();
        using IDisposable listening = notebook.KernelEvents.Subscribe(events.Add);
        try
        {
            foreach (Type type in new[] { typeof(TrainingCurve), typeof(TrainingProgress) })
                await notebook.SendAsync(new SubmitCode($"#r \"{type.Assembly.Location.Replace('\\', '/')}\"", "csharp"));
            await notebook.SendAsync(new SubmitCode(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "extension.dib"))));
            await notebook.SendAsync(new SubmitCode("""
                var curve = new ResTok.MLNet.Interactive.TrainingCurve();
                foreach (int step in new[] { 1, 2, 3 })
                    curve.Report(new(step, 3, new System.Collections.Generic.Dictionary<string, double> { ["loss"] = 1.0 / step }, 1, System.TimeSpan.Zero));
                """, "csharp"));
        }
        finally
        {
            NotebookFormatting.Register();
        }
        Assert.Empty(events.OfType<CommandFailed>().Select(failure => failure.Message));
        DisplayedValueProduced first = Assert.Single(events.OfType<DisplayedValueProduced>());
        DisplayedValueUpdated[] updates = [.. events.OfType<DisplayedValueUpdated>()];
        Assert.Equal([first.ValueId, first.ValueId], updates.Select(update => update.ValueId));
        Assert.Equal([1, 2, 3], updates.Prepend<DisplayEvent>(first).Select(shown => Points(XElement.Parse(shown.FormattedValues.Single().Value).Descendants("svg").Single()).Count()));
    }

    private static TrainingProgress At(long step, params (string Name, double Value)[] figures) => At(step, 110, figures);

    private static TrainingProgress At(long step, long steps, params (string Name, double Value)[] figures) =>
        new(step, steps, figures.ToDictionary(figure => figure.Name, figure => figure.Value), 12.5, TimeSpan.FromMinutes(3));

    private static IEnumerable<(double X, double Y)> Points(XElement svg) =>
        from point in svg.Element("polyline")!.Attribute("points")!.Value.Split(' ')
        let numbers = point.Split(',').Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToArray()
        select (numbers[0], numbers[1]);
}
