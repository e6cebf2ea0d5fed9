using System.Text.Json.Nodes;
using ResTok.Models.Generator.Networks;
using ResTok.Models.Generator.Sampling;

namespace ResTok.Models.Tests.Parity;

/// <summary>The reference's schedule arguments as options.</summary>
internal static class CfgSchedules
{
    public static SamplingOptions Options(string schedule, double scale, JsonObject? arguments)
    {
        var options = new SamplingOptions { Schedule = SamplingOptions.ParseSchedule(schedule), GuidanceScale = scale };
        foreach ((string key, JsonNode? value) in arguments ?? [])
        {
            options = key switch
            {
                "peak" => options with { GuidancePeak = (double)value! },
                "window_start" => options with { GuidanceStart = (double)value! },
                "window_end" => options with { GuidanceEnd = (double)value! },
                "min_cfg_scale" => options with { MinGuidanceScale = (double)value! },
                "num_steps" => options with { NumSteps = (int)value! },
                _ => throw new ArgumentException($"The golden set has the unknown schedule argument '{key}'."),
            };
        }
        return options;
    }

    /// <summary>A run's arguments as options, and the guidance scale of each of its passes.</summary>
    public static (SamplingOptions, double[]) ReadArguments(JsonObject arguments, IReadOnlyList<GenerationPass> passes)
    {
        var schedule = arguments["cfg_schedule_kwargs"] as JsonObject;
        SamplingOptions options = Options(
            (string?)arguments["cfg_schedule"] ?? "constant", (double)arguments["cfg_scale"]!, schedule) with
        {
            Greedy = true,
            GuidanceInterval = (int?)arguments["cfg_interval"] ?? -1,
        };
        if (options.NumSteps is not null)
            return (options, Guidance.Scales(options, passes));

        // Without num_steps the reference's ratio starts anew in every phase (SPEC, quirk 7).
        int tokens = passes[^1].End, single = passes.TakeWhile(pass => pass.Count == 1 && pass.Start < 8).Count();
        double Ratio(GenerationPass pass) => pass.Start == 0 ? 0
            : pass.Start >= single || pass.Start == 1 ? pass.Start / (tokens - 1.0)
            : pass.Start / (single - 1.0);
        return (options, [.. passes.Select(pass => Guidance.ScaleOf(options, pass, Ratio(pass)))]);
    }
}
