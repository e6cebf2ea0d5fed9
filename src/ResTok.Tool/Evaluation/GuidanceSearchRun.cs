using System.Globalization;
using System.Text;
using ResTok.Models;
using ResTok.Models.Evaluation;
using ResTok.Tool.Work;
using TorchSharp;

namespace ResTok.Tool.Evaluation;

/// <summary>
/// Draws images of the classes, one each, with one guidance setting after another, measures each set, and adds it to the trials. Models
/// and reference stay the caller's.
/// </summary>
internal sealed class GuidanceSearchRun(
    GuidanceTrials trials, ImageGenerator generator, ImageTokenizer tokenizer, ImageSetStatistics reference, EvaluationWeights weights, int[] classes, SamplingOptions sampling, int batchSize, RunMeter meter)
{
    /// <summary>Searches a schedule; of the rectangular one each window, from the best scale of those before.</summary>
    /// <param name="schedule">Which.</param>
    /// <param name="start">The scale to begin with.</param>
    /// <param name="steps">Coarse to fine.</param>
    /// <param name="windowStep">Between windows of the rectangular schedule.</param>
    /// <param name="onTrial">Called after each new trial.</param>
    /// <param name="stop">Looked at before every batch.</param>
    public void Search(GuidanceSchedule schedule, double start, IReadOnlyList<double> steps, double windowStep, Action<GuidanceTrial> onTrial, CancellationToken stop)
    {
        bool isRectangular = schedule == GuidanceSchedule.Rectangular;
        IEnumerable<(double Start, double End)> windows = isRectangular ? GuidanceSearch.Windows(windowStep) : [(sampling.GuidanceStart, 1)];
        (double Scale, double Distance)? best = null;
        foreach ((double from, double to) in windows)
        {
            while (GuidanceSearch.Next(trials.Of(schedule, from, to), best?.Scale ?? start, least: 1, steps, downFirst: isRectangular) is { } scale)
            {
                var trial = new GuidanceTrial { Schedule = schedule, WindowStart = from, WindowEnd = to, Scale = scale, Metrics = Measure(schedule, from, to, scale, stop) };
                trials.Trials.Add(trial);
                onTrial(trial);
            }
            if (GuidanceSearch.Best(trials.Of(schedule, from, to)) is { } found && !(found.Distance >= best?.Distance))
                best = found;
        }
    }

    /// <summary>The search as one HTML page: the distance over the scale.</summary>
    public static string Page(GuidanceTrials trials)
    {
        var page = new StringBuilder(EvaluationPage.Head("ResTok guidance search"));
        page.Append($"<p>{EvaluationPage.Encode(string.Join(", ", trials.Setup.Select(pair => $"{pair.Key} {pair.Value}")))}</p>");
        if (trials.Best() is { } best)
            page.Append(CultureInfo.InvariantCulture, $"<p>Best: {SamplingOptions.NameOf(best.Schedule)}, scale {best.Scale:g4}, window from {best.WindowStart:g3} to {best.WindowEnd:g3}: {best.Distance:g5}.</p>");
        foreach (var schedule in trials.Trials.GroupBy(trial => trial.Schedule))
        {
            var lines = schedule.GroupBy(trial => (trial.WindowStart, trial.WindowEnd)).OrderBy(window => window.Min(trial => trial.Distance)).Take(5)
                .Select(window => (FormattableString.Invariant($"{window.Key.WindowStart:g3}–{window.Key.WindowEnd:g3}"), (IReadOnlyList<(double, double)>)[.. window.Select(trial => (trial.Scale, trial.Distance))])).ToArray();
            page.Append(SvgChart.Draw(SamplingOptions.NameOf(schedule.Key), "guidance scale", lines));
        }
        EvaluationPage.Table(page, "schedule", ["window", "scale", "distance", "precision", "recall"], trials.Trials.OrderBy(trial => trial.Distance).Select(trial =>
            (SamplingOptions.NameOf(trial.Schedule), (IEnumerable<string>)
            [
                FormattableString.Invariant($"{trial.WindowStart:g3}–{trial.WindowEnd:g3}"), trial.Scale.ToString("g4", CultureInfo.InvariantCulture), trial.Distance.ToString("g5", CultureInfo.InvariantCulture),
                EvaluationResult.Text(trial.Metrics.Precision ?? trial.Metrics.ResNet18Precision, "0.000"), EvaluationResult.Text(trial.Metrics.Recall ?? trial.Metrics.ResNet18Recall, "0.000"),
            ])));
        return page.Append("</html>").ToString();
    }

    private GenerationMetrics Measure(GuidanceSchedule schedule, double from, double to, double scale, CancellationToken stop)
    {
        SamplingOptions options = sampling with { Schedule = schedule, GuidanceStart = from, GuidanceEnd = to, GuidanceScale = scale };
        using var set = new ImageSetStatistics(weights, tokenizer.Device);
        for (int at = 0; at < classes.Length; at += batchSize)
        {
            stop.ThrowIfCancellationRequested();
            int[] batch = classes[at..Math.Min(classes.Length, at + batchSize)];
            using var scope = torch.NewDisposeScope();
            using torch.Tensor tokens = generator.Generate(new(batch) { RowIds = [.. batch.Select((_, i) => (long)at + i)] }, options, cancellationToken: stop);
            using torch.Tensor images = tokenizer.Decode(tokens);
            set.Add((images.clamp(0, 1) * 255).round().to(torch.ScalarType.Byte).cpu());
            meter.Add(batch.Length, TimeSpan.Zero);
        }
        return set.CompareWith(reference);
    }
}
