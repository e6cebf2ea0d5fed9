using System.Globalization;

namespace ResTok.Models.Checkpoints;

/// <summary>
/// A key of a configuration file: what it is called there, and which values it may have. Reading, writing, checking, comparing and
/// <c>docs/configuration.md</c> follow from it; the property's own value is what an absent key means.
/// </summary>
/// <param name="name">In the file.</param>
/// <param name="range">An interval, for instance <c>[0, 1)</c>, or <c>(0, ∞)</c>; null for a flag, a name, or what the configuration checks itself.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ConfigKeyAttribute(string name, string? range = null) : Attribute
{
    /// <summary>Without its section.</summary>
    public string Name => name;

    /// <summary>The section, where it is not the model's own.</summary>
    public string? Section { get; init; }

    /// <summary>Whether a file must have it.</summary>
    public bool Required { get; init; }

    public string? Range => range;

    /// <summary>As messages name it.</summary>
    public string FullName => Section is null ? name : $"{Section}.{name}";

    /// <summary>Whether a number lies in the range.</summary>
    public bool Allows(double value)
    {
        if (range is null)
            return true;
        (double least, double most) = Ends();
        return double.IsFinite(value)
            && (range[0] == '[' ? value >= least : value > least)
            && (range[^1] == ']' ? value <= most : value < most);
    }

    /// <summary>The range in words.</summary>
    public string Allowed()
    {
        (double least, double most) = Ends();
        string from = least.ToString("0.##", CultureInfo.InvariantCulture), to = most.ToString("0.##", CultureInfo.InvariantCulture);
        return (range![0], range[^1], double.IsInfinity(most)) switch
        {
            ('[', ']', _) => $"from {from} to {to}",
            ('[', _, true) => least == 0 ? "0 or more" : $"at least {from}",
            ('[', _, _) => $"at least {from} and less than {to}",
            (_, ']', _) => $"more than {from} and at most {to}",
            _ => $"more than {from}",
        };
    }

    private (double Least, double Most) Ends()
    {
        string[] ends = range![1..^1].Split(", ");
        return (double.Parse(ends[0], CultureInfo.InvariantCulture), ends[1] == "∞" ? double.PositiveInfinity : double.Parse(ends[1], CultureInfo.InvariantCulture));
    }
}
