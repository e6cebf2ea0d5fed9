using System.Globalization;
using System.Text;
using ResTok.Models.Training;

namespace ResTok.MLNet.Interactive;

/// <summary>
/// Training to look at: one curve for each figure, up to now. Give it as <see cref="TrainingOptions.Progress"/>; in a notebook it then
/// shows itself in the cell that trains, and grows there. Safe for use by several threads.
/// </summary>
/// <example>
/// <code>
/// var curve = new TrainingCurve();
/// var trainer = ml.Transforms.ResTokTrainTokenizer("Tokens", "Image", new() { Training = new() { Progress = curve } });
/// </code>
/// </example>
public sealed class TrainingCurve : IProgress<TrainingProgress>
{
    private readonly Lock gate = new();
    private readonly List<TrainingProgress> reports = [];
    private Action? showAgain;

    /// <summary>As in <see cref="NotebookFormatting.Register"/>.</summary>
    internal static Func<TrainingCurve, Action>? Show { get; set; }

    /// <summary>Adds a point to each curve. What was known of this step and later ones is forgotten, as by training that starts again from a checkpoint.</summary>
    /// <param name="value">The state of the run.</param>
    public void Report(TrainingProgress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        lock (gate)
        {
            reports.RemoveAll(report => report.Step >= value.Step);
            reports.Add(value);
            if (showAgain is null)
                showAgain = Show?.Invoke(this);
            else
                showAgain();
        }
    }

    /// <summary>Gives the curves up to now as HTML.</summary>
    public string ToHtml()
    {
        lock (gate)
        {
            if (reports.Count == 0)
                return "<div>No step of the training has been reported yet.</div>";
            TrainingProgress last = reports[^1];
            var html = new StringBuilder();
            html.Append(CultureInfo.InvariantCulture,
                $"<div>Step {last.Step} of {last.Steps}, {last.SamplesPerSecond:0.0} samples/s, {TimeSpan.FromSeconds(Math.Round(last.TimeLeft.TotalSeconds))} left<div style=\"display:flex;flex-wrap:wrap;gap:16px\">");
            foreach (string name in reports.SelectMany(report => report.Metrics.Keys).Distinct(StringComparer.Ordinal))
                html.Append(CurveSvg.Draw(name, PointsOf(name), reports[0].Step, last.Steps));
            return html.Append("</div></div>").ToString();
        }
    }

    private List<(long Step, double Value)> PointsOf(string name) =>
        [.. reports.Where(report => report.Metrics.ContainsKey(name)).Select(report => (report.Step, report.Metrics[name]))];
}
