namespace ResTok.Models.Training;

/// <summary>Figures summed up between two reports.</summary>
internal sealed class Metrics
{
    private readonly Dictionary<string, (double Sum, int Count)> sums = new(StringComparer.Ordinal);

    public void Add(string name, double value)
    {
        (double sum, int count) = sums.GetValueOrDefault(name);
        sums[name] = (sum + value, count + 1);
    }

    /// <summary>The averages since the last call.</summary>
    public Dictionary<string, double> Flush()
    {
        var means = sums.ToDictionary(entry => entry.Key, entry => entry.Value.Sum / entry.Value.Count, StringComparer.Ordinal);
        sums.Clear();
        return means;
    }
}
