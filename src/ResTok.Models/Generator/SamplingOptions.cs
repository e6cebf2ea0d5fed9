namespace ResTok.Models;

/// <summary>
/// How tokens are drawn from the generator's predictions, and how strongly the class guides them. Defaults sample from the plain
/// conditional distribution; <see cref="Official"/> is what the paper evaluates.
/// </summary>
public sealed record SamplingOptions
{
    private static readonly Dictionary<string, GuidanceSchedule> Names = new(StringComparer.Ordinal)
    {
        ["constant"] = GuidanceSchedule.Constant,
        ["linear"] = GuidanceSchedule.Linear,
        ["linear_re"] = GuidanceSchedule.LinearReversed,
        ["linear_constant"] = GuidanceSchedule.LinearConstant,
        ["triangular"] = GuidanceSchedule.Triangular,
        ["rectangular"] = GuidanceSchedule.Rectangular,
        ["step"] = GuidanceSchedule.Step,
        ["cosine"] = GuidanceSchedule.Cosine,
        ["cosine_re"] = GuidanceSchedule.CosineReversed,
    };

    /// <summary>
    /// The published evaluation: temperature 1, top-p 0.95, classifier-free guidance 3.75 by the step schedule from ratio 0.25
    /// (reference README and <c>sample_c2i_ddp_cfg_search.py</c>).
    /// </summary>
    public static SamplingOptions Official { get; } = new()
    {
        TopP = 0.95,
        GuidanceScale = 3.75,
        Schedule = GuidanceSchedule.Step,
        GuidanceStart = 0.25,
    };

    /// <summary>What logits are divided by before anything else: above 0; below 1 sharpens. Values under 1e-5 count as 1e-5.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Keep only the k most probable tokens and those as probable as the last of them; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>
    /// Nucleus sampling: of what top-k left, keep the most probable tokens up to and with the one at which their probability
    /// together exceeds p, in (0, 1]; 1 keeps all.
    /// </summary>
    public double TopP { get; init; } = 1;

    /// <summary>Whether to take the most probable token and not to draw (reference <c>sample_logits=False</c>).</summary>
    public bool Greedy { get; init; }

    /// <summary>
    /// Classifier-free guidance scale s: logits = unconditional + s·(conditional − unconditional). 1 or less: no guidance, at half
    /// the cost. Reference <c>cfg_scale</c>.
    /// </summary>
    public double GuidanceScale { get; init; } = 1;

    /// <summary>How the guidance scale changes from pass to pass. Reference <c>cfg_schedule</c>.</summary>
    public GuidanceSchedule Schedule { get; init; } = GuidanceSchedule.Constant;

    /// <summary>Ratio at which linear-constant and triangular schedules reach the scale, in (0, 1). Reference <c>peak</c>.</summary>
    public double GuidancePeak { get; init; } = 0.5;

    /// <summary>Ratio from which step and rectangular schedules guide, in [0, 1]. Reference <c>window_start</c>.</summary>
    public double GuidanceStart { get; init; } = 0.05;

    /// <summary>Ratio up to which the rectangular schedule guides, in [0, 1]. Reference <c>window_end</c>.</summary>
    public double GuidanceEnd { get; init; } = 1;

    /// <summary>
    /// Scale of step and rectangular schedules outside their window, 0 or more; exactly 1 counts as 1.0001, as in the reference.
    /// Reference <c>min_cfg_scale</c>.
    /// </summary>
    public double MinGuidanceScale { get; init; } = 1;

    /// <summary>
    /// Guidance ends with the pass whose first token's index is above this + 1; −1: never. Reference <c>cfg_interval</c>.
    /// </summary>
    public int GuidanceInterval { get; init; } = -1;

    /// <summary>
    /// Passes over which the schedule's ratio goes from 0 to 1, at least 2; null for the passes of a whole image (9 officially).
    /// Reference <c>num_steps</c>.
    /// </summary>
    public int? NumSteps { get; init; }

    /// <summary>
    /// Seed of the random streams. Every row has a stream of its own, keyed by this, the row's id and the token's position, so a row's
    /// result depends on nothing else.
    /// </summary>
    public long Seed { get; init; }

    /// <summary>Finds a schedule by the reference's name.</summary>
    /// <param name="name">For instance <c>linear_re</c>.</param>
    /// <exception cref="ArgumentException">There is no such schedule; the message lists those there are.</exception>
    public static GuidanceSchedule ParseSchedule(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Names.TryGetValue(name, out GuidanceSchedule schedule) ? schedule : throw new ArgumentException(
            $"There is no guidance schedule '{name}'. Use one of: {string.Join(", ", Names.Keys)}.", nameof(name));
    }

    /// <summary>The reference's name of a schedule.</summary>
    internal static string NameOf(GuidanceSchedule schedule) => Names.Single(pair => pair.Value == schedule).Key;

    /// <summary>Checks that all values are in range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is not; the message names it, the value and the range.</exception>
    public void Validate()
    {
        Require(Temperature > 0 && double.IsFinite(Temperature), Temperature, nameof(Temperature), "above 0 and finite; for the most probable token set Greedy");
        Require(TopK >= 0, TopK, nameof(TopK), "0 (all) or more");
        Require(TopP is > 0 and <= 1, TopP, nameof(TopP), "above 0 and at most 1 (all)");
        Require(double.IsFinite(GuidanceScale), GuidanceScale, nameof(GuidanceScale), "finite");
        Require(Enum.IsDefined(Schedule), Schedule, nameof(Schedule), "one of " + string.Join(", ", Enum.GetNames<GuidanceSchedule>()));
        Require(GuidancePeak is > 0 and < 1, GuidancePeak, nameof(GuidancePeak), "above 0 and below 1");
        Require(GuidanceStart is >= 0 and <= 1, GuidanceStart, nameof(GuidanceStart), "from 0 to 1");
        Require(GuidanceEnd is >= 0 and <= 1, GuidanceEnd, nameof(GuidanceEnd), "from 0 to 1");
        Require(MinGuidanceScale >= 0 && double.IsFinite(MinGuidanceScale), MinGuidanceScale, nameof(MinGuidanceScale), "0 or more and finite");
        Require(GuidanceInterval >= -1, GuidanceInterval, nameof(GuidanceInterval), "-1 (always guide) or more");
        Require(NumSteps is null or >= 2, NumSteps ?? 0, nameof(NumSteps), "at least 2, or null for the passes of an image");
    }

    private static void Require(bool holds, object value, string name, string allowed)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(name, value, FormattableString.Invariant($"{name} is {value}, but must be {allowed}."));
    }
}
