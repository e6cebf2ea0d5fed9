using System.Globalization;
using System.Net;

namespace ResTok.MLNet.Interactive;

/// <summary>Draws a curve.</summary>
internal static class CurveSvg
{
    private const int Width = 320, Height = 100, Margin = 4;

    /// <param name="name">What is drawn.</param>
    /// <param name="points">Values by step; those that are not finite are left out.</param>
    /// <param name="first">The step at the left edge.</param>
    /// <param name="last">The step at the right edge.</param>
    public static string Draw(string name, IReadOnlyList<(long Step, double Value)> points, long first, long last)
    {
        string title = WebUtility.HtmlEncode(name);
        (long Step, double Value)[] finite = [.. points.Where(point => double.IsFinite(point.Value))];
        if (finite.Length == 0)
            return $"<div>{title}: no finite value</div>";
        double low = finite.Min(point => point.Value), high = finite.Max(point => point.Value);
        string[] places = [.. Thin(finite).Select(point => string.Create(CultureInfo.InvariantCulture,
            $"{Along(point.Step, first, last, Width):0.0},{Height - Along(point.Value, low, high, Height):0.0}"))];
        string[] end = places[^1].Split(',');
        return string.Create(CultureInfo.InvariantCulture, $"""
            <div>{title}: {finite[^1].Value:g4} <small>({low:g4} to {high:g4})</small><br/><svg role="img" aria-label="{title}" width="{Width}" height="{Height}" viewBox="{-Margin} {-Margin} {Width + 2 * Margin} {Height + 2 * Margin}" style="border:1px solid #8888"><polyline points="{string.Join(' ', places)}" fill="none" stroke="#3b82c4" stroke-width="1.5"/><circle cx="{end[0]}" cy="{end[1]}" r="2.5" fill="#3b82c4"/></svg></div>
            """);
    }

    /// <summary>At most about one point for each pixel, the last one among them.</summary>
    private static IEnumerable<(long Step, double Value)> Thin((long Step, double Value)[] points)
    {
        int stride = (points.Length + Width - 1) / Width;
        return points.Where((_, i) => (points.Length - 1 - i) % stride == 0);
    }

    private static double Along(double value, double from, double to, double length) => to > from ? (value - from) / (to - from) * length : length / 2;
}
