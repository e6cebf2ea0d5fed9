using System.Diagnostics;
using System.Globalization;

namespace ResTok.Tool.Work;

/// <summary>Counts what a run has done. Threads may read while one adds.</summary>
internal sealed class RunMeter
{
    private readonly long start = Stopwatch.GetTimestamp();
    private long done;
    private long invalid;
    private long deviceTicks;

    /// <summary>Images, or other items, that are done.</summary>
    public long Done => Interlocked.Read(ref done);

    /// <summary>Those that could not be used.</summary>
    public long Invalid => Interlocked.Read(ref invalid);

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(start);

    public double PerSecond => Done / Math.Max(Elapsed.TotalSeconds, 1e-9);

    /// <summary>The share of the time in which the model computed, 0 to 1.</summary>
    public double DeviceShare => TimeSpan.FromTicks(Interlocked.Read(ref deviceTicks)) / Elapsed;

    public void Add(int count, TimeSpan onDevice)
    {
        Interlocked.Add(ref deviceTicks, onDevice.Ticks);
        Interlocked.Add(ref done, count);
    }

    public void AddInvalid() => Interlocked.Increment(ref invalid);

    public string Describe() => string.Create(CultureInfo.InvariantCulture,
        $"{Done} in {Elapsed.TotalSeconds:0.0} s, {PerSecond:0.0}/s, the model {100 * DeviceShare:0} % of the time{(Invalid > 0 ? $", {Invalid} not usable" : "")}");
}
