using System.Text.Json;
using System.Text.Json.Serialization;
using ResTok.Models;
using ResTok.Models.Checkpoints;
using ResTok.Models.Evaluation;

namespace ResTok.Tool.Evaluation;

/// <summary>A guidance setting, and how far the images drawn with it are from the reference.</summary>
internal sealed record GuidanceTrial
{
    public required GuidanceSchedule Schedule { get; init; }

    public required double WindowStart { get; init; }

    /// <summary>1 but for the rectangular schedule.</summary>
    public required double WindowEnd { get; init; }

    public required double Scale { get; init; }

    public required GenerationMetrics Metrics { get; init; }

    /// <summary>What the search makes small: FID, or without its weights the ResNet-18 Fréchet distance.</summary>
    [JsonIgnore]
    public double Distance => Metrics.FrechetInceptionDistance ?? Metrics.ResNet18FrechetDistance ?? double.NaN;
}

/// <summary>A search's file: what it searches for, and its trials so far. Written whole after every trial, so that a search goes on where it stopped.</summary>
internal sealed record GuidanceTrials
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNames.Policy,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>Models, reference, number of samples, seed and the rest that trials must have in common.</summary>
    public required SortedDictionary<string, string> Setup { get; init; }

    public List<GuidanceTrial> Trials { get; init; } = [];

    /// <summary>The search's file, or a new search.</summary>
    /// <exception cref="InvalidDataException">The file is of another search, or damaged.</exception>
    public static GuidanceTrials Open(string path, SortedDictionary<string, string> setup)
    {
        if (!File.Exists(path))
            return new() { Setup = setup };
        GuidanceTrials? found;
        try
        {
            using FileStream stream = File.OpenRead(path);
            found = JsonSerializer.Deserialize<GuidanceTrials>(stream, Json);
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"{path} is no file of a search: {fault.Message} Delete it, or give another folder.", fault);
        }
        string[] different = [.. setup.Where(pair => found?.Setup.GetValueOrDefault(pair.Key) != pair.Value).Select(pair => $"{pair.Key} was '{found?.Setup.GetValueOrDefault(pair.Key)}' and is '{pair.Value}'")];
        return different.Length == 0 ? found! : throw new InvalidDataException($"{path} is of another search: {string.Join("; ", different)}. Give another folder.");
    }

    public void Write(string path) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, this, Json));

    /// <summary>The trials of a schedule and window, as the search looks at them.</summary>
    public List<(double Scale, double Distance)> Of(GuidanceSchedule schedule, double windowStart, double windowEnd) =>
        [.. Trials.Where(trial => trial.Schedule == schedule && trial.WindowStart == windowStart && trial.WindowEnd == windowEnd).Select(trial => (trial.Scale, trial.Distance))];

    public GuidanceTrial? Best() => Trials.Where(trial => !double.IsNaN(trial.Distance)).MinBy(trial => trial.Distance);
}
