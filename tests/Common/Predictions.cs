using System.Globalization;

namespace ResTok.Tests;

/// <summary>Predictions as text. Linked into the projects that use it.</summary>
internal static class Predictions
{
    /// <summary>Whether two predictions are the same but for rounding, which differs a little between processes.</summary>
    public static bool Agree(string one, string other)
    {
        string[] words = one.Split(' '), others = other.Split(' ');
        return words.Length == others.Length && words.Zip(others).All(pair => pair.First == pair.Second || (Number(pair.First) is { } first && Number(pair.Second) is { } second && Math.Abs(first - second) < 1e-3 * (1 + Math.Abs(first))));
    }

    private static double? Number(string word) => word.Contains('.', StringComparison.Ordinal) && double.TryParse(word, CultureInfo.InvariantCulture, out double number) ? number : null;
}
