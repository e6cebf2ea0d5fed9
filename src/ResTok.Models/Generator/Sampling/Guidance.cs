using ResTok.Models.Generator.Networks;

namespace ResTok.Models.Generator.Sampling;

/// <summary>The classifier-free guidance scale of each pass.</summary>
internal static class Guidance
{
    /// <summary>What the reference adds where a scale of exactly 1 would switch guidance off.</summary>
    private const double Nudge = 1e-4;

    /// <summary>The scale of every pass of an image; 1 or less where the pass is not guided.</summary>
    public static double[] Scales(SamplingOptions options, IReadOnlyList<GenerationPass> passes)
    {
        int steps = options.NumSteps ?? passes.Count;
        return [.. passes.Select((pass, index) => ScaleOf(options, pass, (double)index / (steps - 1)))];
    }

    /// <summary>The scale of a pass, were its ratio <paramref name="ratio"/>.</summary>
    public static double ScaleOf(SamplingOptions options, GenerationPass pass, double ratio)
    {
        bool ended = options.GuidanceInterval >= 0 && pass.Start - 1 > options.GuidanceInterval;
        return ended || options.GuidanceScale <= 1 ? 1 : At(options, ratio);
    }

    /// <summary>The schedule's value at a ratio from 0 to 1.</summary>
    public static double At(SamplingOptions options, double ratio)
    {
        double scale = options.GuidanceScale, rise = scale - 1, peak = options.GuidancePeak;
        double outside = options.MinGuidanceScale == 1 ? 1 + Nudge : options.MinGuidanceScale;
        return options.Schedule switch
        {
            GuidanceSchedule.Linear => 1 + rise * ratio + Nudge,
            GuidanceSchedule.LinearReversed => 1 + rise * (1 - ratio) + Nudge,
            GuidanceSchedule.LinearConstant => ratio < peak ? 1 + rise * (ratio / peak) : scale,
            GuidanceSchedule.Triangular => 1 + rise * (ratio < peak ? ratio / peak : (1 - ratio) / (1 - peak)) + Nudge,
            GuidanceSchedule.Rectangular => options.GuidanceStart <= ratio && ratio <= options.GuidanceEnd ? scale : outside,
            GuidanceSchedule.Step => scale == 1 || ratio >= options.GuidanceStart ? scale : outside,
            GuidanceSchedule.Cosine => 1 + rise * (0.5 * (1 - Math.Cos(Math.PI * ratio))),
            GuidanceSchedule.CosineReversed => 1 + rise * (0.5 * (1 + Math.Cos(Math.PI * ratio))),
            _ => scale,
        };
    }
}
