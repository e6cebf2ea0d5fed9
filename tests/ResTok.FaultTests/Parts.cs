using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace ResTok.FaultTests;

/// <summary>How long and how a part is to run.</summary>
/// <param name="Seconds">Time to spend, unless <paramref name="Full"/>.</param>
/// <param name="Full">Whether to do all there is to do.</param>
/// <param name="Seed">Of all chances.</param>
internal sealed record PartSettings(double Seconds, bool Full, int Seed)
{
    /// <summary>Whether to stop: the count is reached, or, in a run with a clock, the time is over.</summary>
    public bool IsOver(long done, long wanted, TimeSpan spent) => done >= wanted || (!Full && spent.TotalSeconds >= Seconds);
}

/// <summary>What a part did.</summary>
internal sealed class PartFigures
{
    /// <summary>Inputs, calls or faults tried.</summary>
    public long Tried { get; set; }

    /// <summary>How many of them worked.</summary>
    public long Succeeded { get; set; }

    /// <summary>How many ended in a documented exception.</summary>
    public long Refused { get; set; }

    public double WorstSeconds { get; set; }

    /// <summary>Of the process, above what it had before the first input.</summary>
    public long PeakGrowth { get; set; }

    /// <summary>What broke, one text for each.</summary>
    public List<string> Findings { get; init; } = [];
}

/// <summary>Runs parts each in a process of its own, so that a crash of one is a finding and not the end.</summary>
internal static class Parts
{
    private const string ResultMark = "RESULT ";

    public static int RunAll(IReadOnlyList<string> names, PartSettings settings)
    {
        Console.WriteLine($"Seed {settings.Seed}.");
        var results = new List<(string Name, PartFigures Figures, TimeSpan Time)>();
        foreach (string name in names)
        {
            long start = Stopwatch.GetTimestamp();
            PartFigures figures = RunChild(name, settings);
            results.Add((name, figures, Stopwatch.GetElapsedTime(start)));
        }

        Console.WriteLine();
        Console.WriteLine($"{"part",-12} {"tried",9} {"worked",9} {"refused",9} {"worst s",8} {"peak MB",8} {"time s",7} {"findings",9}");
        foreach ((string name, PartFigures figures, TimeSpan time) in results)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name,-12} {figures.Tried,9:n0} {figures.Succeeded,9:n0} {figures.Refused,9:n0} {figures.WorstSeconds,8:0.00} {figures.PeakGrowth >> 20,8:n0} {time.TotalSeconds,7:0} {figures.Findings.Count,9}"));
        foreach ((string name, PartFigures figures, _) in results)
        {
            foreach (string finding in figures.Findings)
                Console.WriteLine($"FINDING {name}: {finding}");
        }
        return results.Exists(result => result.Figures.Findings.Count > 0) ? 1 : 0;
    }

    /// <summary>Runs a part in this process and prints its figures for the parent.</summary>
    public static int RunHere(string name, Func<PartSettings, PartFigures> run, PartSettings settings)
    {
        PartFigures figures = run(settings);
        Console.WriteLine(ResultMark + JsonSerializer.Serialize(figures));
        return 0;
    }

    private static PartFigures RunChild(string name, PartSettings settings)
    {
        Console.WriteLine($"-- {name}");
        using Process process = Process.Start(ThisProgram.Again(
            ["--child", name, "--seed", $"{settings.Seed}", "--seconds", settings.Seconds.ToString(CultureInfo.InvariantCulture), .. settings.Full ? ["--long"] : Array.Empty<string>()]))!;
        PartFigures? figures = null;
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (line.StartsWith(ResultMark, StringComparison.Ordinal))
                figures = JsonSerializer.Deserialize<PartFigures>(line[ResultMark.Length..]);
            else
                Console.WriteLine(line);
        }
        process.WaitForExit();
        return figures ?? new() { Findings = { $"the process ended with {process.ExitCode} before its figures; what it last said is above" } };
    }
}
