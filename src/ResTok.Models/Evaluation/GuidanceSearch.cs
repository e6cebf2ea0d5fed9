namespace ResTok.Models.Evaluation;

/// <summary>
/// Looks for the guidance scale with the least distance by hill climbing (reference <c>sample_c2i_search_cfg.sh</c>): from the best scale so
/// far a step up, else a step down, until neither is better. Of several steps, the coarsest first. It keeps no state: what was tried says
/// what comes next, so that a search goes on where it stopped.
/// </summary>
internal static class GuidanceSearch
{
    private const double Rounding = 1e-6;

    /// <summary>The best of what was tried, the first of equals; null where nothing was. A distance that is no number is none.</summary>
    public static (double Scale, double Distance)? Best(IReadOnlyCollection<(double Scale, double Distance)> tried) =>
        tried.Where(trial => !double.IsNaN(trial.Distance)).Select(trial => ((double, double)?)trial).MinBy(trial => trial!.Value.Item2);

    /// <summary>The scale to try next, or null where the search is over.</summary>
    /// <param name="tried">What was tried, in order.</param>
    /// <param name="start">The scale to begin with.</param>
    /// <param name="least">The lowest scale that is tried; officially 1.</param>
    /// <param name="steps">Coarse to fine; officially 0.25 alone.</param>
    /// <param name="downFirst">Whether a step down comes before a step up, as the reference has it for rectangular windows.</param>
    public static double? Next(IReadOnlyCollection<(double Scale, double Distance)> tried, double start, double least, IReadOnlyList<double> steps, bool downFirst = false)
    {
        if (tried.Count == 0)
            return start;
        if (Best(tried) is not { } best)
            return null;
        foreach (double step in steps)
        {
            foreach (double scale in downFirst ? new[] { best.Scale - step, best.Scale + step } : [best.Scale + step, best.Scale - step])
            {
                if (scale >= least - Rounding && !tried.Any(trial => Math.Abs(trial.Scale - scale) < Rounding))
                    return Math.Round(scale, 6);
            }
        }
        return null;
    }

    /// <summary>The windows of the rectangular schedule: all starts below all ends.</summary>
    /// <param name="step">Between two starts or ends; officially 0.05.</param>
    public static IEnumerable<(double Start, double End)> Windows(double step = 0.05) =>
        from start in Range(0.1, 0.8, step) from end in Range(0.5, 1.0, step) where start < end - Rounding select (start, end);

    private static IEnumerable<double> Range(double first, double last, double step) =>
        Enumerable.Range(0, (int)Math.Floor((last - first) / step + Rounding) + 1).Select(i => Math.Round(first + i * step, 6));
}
