using System.Text.Json.Nodes;

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
}
