namespace ResTok.Models;

/// <summary>
/// How the classifier-free guidance scale s changes over a generation (reference <c>generate.py</c>). The ratio r goes from 0 in
/// the first pass to 1 in the last.
/// </summary>
public enum GuidanceSchedule
{
    /// <summary>s throughout. Reference name <c>constant</c>.</summary>
    Constant,

    /// <summary>1 + (s − 1)·r + 1e-4. Reference name <c>linear</c>.</summary>
    Linear,

    /// <summary>1 + (s − 1)·(1 − r) + 1e-4. Reference name <c>linear_re</c>.</summary>
    LinearReversed,

    /// <summary>Rises linearly from 1 to s at <see cref="SamplingOptions.GuidancePeak"/> and stays. Reference name <c>linear_constant</c>.</summary>
    LinearConstant,

    /// <summary>Rises linearly from 1 to s at <see cref="SamplingOptions.GuidancePeak"/> and falls back, plus 1e-4. Reference name <c>triangular</c>.</summary>
    Triangular,

    /// <summary>
    /// s from <see cref="SamplingOptions.GuidanceStart"/> to <see cref="SamplingOptions.GuidanceEnd"/>, outside
    /// <see cref="SamplingOptions.MinGuidanceScale"/>. Reference name <c>rectangular</c>.
    /// </summary>
    Rectangular,

    /// <summary>
    /// <see cref="SamplingOptions.MinGuidanceScale"/> before <see cref="SamplingOptions.GuidanceStart"/>, then s. Reference name
    /// <c>step</c>; the official choice.
    /// </summary>
    Step,

    /// <summary>1 + (s − 1)·(1 − cos πr)/2. Reference name <c>cosine</c>.</summary>
    Cosine,

    /// <summary>1 + (s − 1)·(1 + cos πr)/2. Reference name <c>cosine_re</c>.</summary>
    CosineReversed,
}
