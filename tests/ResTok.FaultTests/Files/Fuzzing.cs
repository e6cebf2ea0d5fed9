using System.Diagnostics;
using ResTok.Models.Runtime;

namespace ResTok.FaultTests.Files;

/// <summary>Gives inputs to a reader and judges how each ends: in success, in a documented exception, or in a finding.</summary>
internal sealed class Fuzzing : IDisposable
{
    private const double HangSeconds = 10; // of work; a machine that is busy with other things may take longer by the clock
    private const double StandstillSeconds = 120;
    private const long MostGrowth = 1L << 30;
    private const int MostFindings = 20;

    private readonly PartSettings settings;
    private readonly Func<Exception, bool> isDocumented;
    private readonly double hangSeconds;
    private readonly HashSet<string> seen = [];
    private readonly long before;
    private readonly Timer watchdog;
    private readonly Lock gate = new();
    private string current = "";
    private long begun;
    private TimeSpan worked; // by the process when the input began

    /// <param name="settings">How long.</param>
    /// <param name="isDocumented">Which exceptions a caller must expect.</param>
    /// <param name="hangSeconds">Work after which an input counts as a hang.</param>
    public Fuzzing(PartSettings settings, Func<Exception, bool> isDocumented, double hangSeconds = HangSeconds)
    {
        this.hangSeconds = hangSeconds;
        this.settings = settings;
        this.isDocumented = isDocumented;
        Folder = Directory.CreateTempSubdirectory("restok-faults-").FullName;
        TorchRuntime.EnsureLoaded();
        TorchSharp.torch.zeros(1).Dispose();
        before = Environment.WorkingSet;
        watchdog = new(_ => Watch(), null, 1000, 1000);
    }

    /// <summary>For the inputs; kept where the process dies, removed otherwise.</summary>
    public string Folder { get; }

    public PartFigures Figures { get; } = new();

    /// <summary>Tries inputs made by hand.</summary>
    public void TryAll(IEnumerable<(string Name, Action Run)> attacks)
    {
        foreach ((string name, Action run) in attacks)
            Try("attack " + name, run);
    }

    /// <summary>Tries inputs made by chance, each from a random stream that depends on the seed and its number only.</summary>
    /// <param name="wanted">How many in a full run.</param>
    /// <param name="make">Makes an input and gives what reads it.</param>
    public void TryMany(long wanted, Func<Random, Action> make)
    {
        long start = Stopwatch.GetTimestamp();
        for (long i = 0; !settings.IsOver(i, wanted, Stopwatch.GetElapsedTime(start)) && Figures.Findings.Count < MostFindings; i++)
        {
            Action run = make(new Random(unchecked(settings.Seed * 1_000_003 + (int)i)));
            Try($"input {i}", run);
        }
    }

    public PartFigures Finish()
    {
        using (Process process = Process.GetCurrentProcess())
            Figures.PeakGrowth = Math.Max(0, process.PeakWorkingSet64 - before);
        if (Figures.PeakGrowth > MostGrowth)
            Figures.Findings.Add($"the process grew by {Figures.PeakGrowth >> 20} MB, more than {MostGrowth >> 20}");
        return Figures;
    }

    public void Dispose()
    {
        watchdog.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private void Try(string name, Action run)
    {
        lock (gate)
            (current, begun, worked) = (name, Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        Figures.Tried++;
        try
        {
            run();
            Figures.Succeeded++;
        }
        catch (Exception fault) when (isDocumented(fault))
        {
            Figures.Refused++;
        }
        catch (Exception fault)
        {
            // One finding for each kind and place.
            string place = fault.ToString().Split('\n').FirstOrDefault(line => line.StartsWith("   at ResTok.M", StringComparison.Ordinal))?.Trim() ?? "";
            if (seen.Add(fault.GetType() + place) && Figures.Findings.Count < MostFindings)
                Figures.Findings.Add($"{name}: {Describe(fault)} {place}");
        }
        double spent = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        if (spent > Figures.WorstSeconds)
            Figures.WorstSeconds = spent;
        lock (gate)
            current = "";
    }

    private static string Describe(Exception fault) =>
        fault.GetType() + (fault.InnerException is { } inner ? " of " + Describe(inner) : ": " + fault.Message.Split('\n')[0]);

    private void Watch()
    {
        lock (gate)
        {
            double spent = Stopwatch.GetElapsedTime(begun).TotalSeconds;
            if (current.Length == 0 || spent < StandstillSeconds && (Environment.CpuUsage.TotalTime - worked).TotalSeconds < hangSeconds)
                return;
            Console.WriteLine($"{current} hangs; it lies in {Folder}.");
            Console.Out.Flush();
            Process.GetCurrentProcess().Kill();
        }
    }
}
