using System.CommandLine;
using ResTok.Models;

namespace ResTok.Tool.CommandLine;

/// <summary>The options of verbs that generate; by default the paper's.</summary>
internal sealed class SamplingArguments
{
    private readonly Option<double> temperature = new("--temperature") { Description = "What logits are divided by; below 1 sharpens.", DefaultValueFactory = _ => SamplingOptions.Official.Temperature };
    private readonly Option<int> topK = new("--top-k") { Description = "Keep the k most probable tokens; 0 keeps all.", DefaultValueFactory = _ => SamplingOptions.Official.TopK };
    private readonly Option<double> topP = new("--top-p") { Description = "Nucleus sampling; 1 keeps all.", DefaultValueFactory = _ => SamplingOptions.Official.TopP };
    private readonly Option<double> scale = new("--cfg-scale") { Description = "Classifier-free guidance; 1 for none.", DefaultValueFactory = _ => SamplingOptions.Official.GuidanceScale };
    private readonly Option<string> schedule = new("--cfg-schedule") { Description = "Guidance schedule, by the reference's name: step, constant, linear, linear_re, rectangular, cosine …", DefaultValueFactory = _ => "step" };
    private readonly Option<double> start = new("--window-start") { Description = "Ratio from which step and rectangular schedules guide.", DefaultValueFactory = _ => SamplingOptions.Official.GuidanceStart };
    private readonly Option<long> seed = new("--seed") { Description = "Seed of what is drawn." };

    public void AddTo(Command command, bool withGuidance)
    {
        command.Add(temperature);
        command.Add(topK);
        command.Add(topP);
        command.Add(start);
        command.Add(seed);
        if (!withGuidance)
            return;
        command.Add(scale);
        command.Add(schedule);
    }

    /// <exception cref="ArgumentException">A value is out of range, or there is no such schedule.</exception>
    public SamplingOptions Read(ParseResult parsed)
    {
        SamplingOptions options = SamplingOptions.Official with
        {
            Temperature = parsed.GetValue(temperature),
            TopK = parsed.GetValue(topK),
            TopP = parsed.GetValue(topP),
            GuidanceStart = parsed.GetValue(start),
            Seed = parsed.GetValue(seed),
        };
        if (parsed.CommandResult.Command.Options.Contains(scale))
            options = options with { GuidanceScale = parsed.GetValue(scale), Schedule = SamplingOptions.ParseSchedule(parsed.GetValue(schedule)!) };
        options.Validate();
        return options;
    }
}
