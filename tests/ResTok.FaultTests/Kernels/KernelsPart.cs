using System.Diagnostics;
using System.Globalization;

namespace ResTok.FaultTests.Kernels;

/// <summary>
/// Judges libtorch's kernels by float64 on this processor: as it is, with other instructions, and with the fault simulated that some
/// virtual machines have, cured and not. Each condition has processes of its own, so that a signal is a finding and not the end.
/// </summary>
internal static class KernelsPart
{
    private const int Signals = 20; // of one condition, after which it is given up

    public static PartFigures Run(PartSettings settings)
    {
        var figures = new PartFigures();
        for (int i = 0; i < KernelCondition.All.Count; i++)
        {
            KernelCondition condition = KernelCondition.All[i];
            long start = Stopwatch.GetTimestamp();
            var findings = new List<string>();
            int tried = Judge(i, condition, settings, findings);
            string done = tried < 0 ? "the fault cannot be simulated with this libtorch" : string.Create(CultureInfo.InvariantCulture,
                $"{tried} checks, {findings.Count} findings{(condition.MustFail ? " (as wanted)" : "")}, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s");
            Console.WriteLine($"   {condition.Name}: {done}");
            figures.Tried += Math.Max(tried, 0);
            if (condition.MustFail && tried >= 0)
                findings = findings.Count > 0 ? [] : ["no wrong result was found where the fault was not cured: this sweep sees nothing"];
            figures.Succeeded += Math.Max(tried - findings.Count, 0);
            figures.Findings.AddRange(findings.Select(finding => $"{condition.Name}: {finding}"));
        }
        return figures;
    }

    /// <returns>How many checks were made; −1 where the condition cannot be brought about.</returns>
    private static int Judge(int index, KernelCondition condition, PartSettings settings, List<string> findings)
    {
        long begun = Stopwatch.GetTimestamp();
        int place = -1, signals = 0, stop = condition.MustFail && !settings.Full ? 1 : Signals;
        while (true)
        {
            double left = settings.Seconds - Stopwatch.GetElapsedTime(begun).TotalSeconds;
            ProcessStartInfo start = ThisProgram.Again("--kernels", $"{index}", $"{place + 1}", left.ToString(CultureInfo.InvariantCulture), $"{settings.Full}", $"{settings.Seed}");
            foreach ((string name, string value) in condition.Environment)
                start.Environment[name] = value;
            using Process child = Process.Start(start)!;
            string where = "its start";
            while (child.StandardOutput.ReadLine() is { } line)
            {
                if (line.StartsWith(KernelChild.At, StringComparison.Ordinal))
                {
                    string[] words = line.Split(' ', 3);
                    (place, where) = (int.Parse(words[1], CultureInfo.InvariantCulture), words[2]);
                }
                else if (line.StartsWith(KernelChild.Wrong, StringComparison.Ordinal))
                {
                    findings.Add(line[KernelChild.Wrong.Length..]);
                }
                else if (line == KernelChild.Unable)
                {
                    return -1;
                }
            }
            child.WaitForExit();
            if (child.ExitCode == 0)
                return place + 1;
            findings.Add($"{where}: the process ended with {child.ExitCode}");
            if (++signals >= stop || where == "its start")
                return place + 1;
        }
    }
}
