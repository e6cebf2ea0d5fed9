using System.Globalization;
using System.Net;
using System.Text;

namespace ResTok.Tool.Evaluation;

/// <summary>A line chart as SVG.</summary>
internal static class SvgChart
{
    private const int Width = 320, Height = 200, Left = 52, Right = 12, Top = 26, Bottom = 30;
    private static readonly string[] Colours = ["#1f6f8b", "#c0504d", "#7a9a3a", "#7d5ba6", "#d08a2e"];

    /// <param name="title">Above it.</param>
    /// <param name="xTitle">Below it.</param>
    /// <param name="lines">Name and points of each; points that are no finite number are left out.</param>
    /// <param name="isLogarithmic">Whether x doubles from mark to mark.</param>
    public static string Draw(string title, string xTitle, IReadOnlyList<(string Name, IReadOnlyList<(double X, double Y)> Points)> lines, bool isLogarithmic = false)
    {
        (double X, double Y)[] all = [.. lines.SelectMany(line => line.Points).Where(point => double.IsFinite(point.Y))];
        if (all.Length == 0)
            return "";
        double Scale(double x) => isLogarithmic ? Math.Log2(x) : x;
        double left = all.Min(point => Scale(point.X)), right = all.Max(point => Scale(point.X)), low = all.Min(point => point.Y), high = all.Max(point => point.Y);
        (right, high) = (right > left ? right : left + 1, high > low ? high : low + 1);
        double X(double x) => Left + (Scale(x) - left) / (right - left) * (Width - Left - Right);
        double Y(double y) => Height - Bottom - (y - low) / (high - low) * (Height - Top - Bottom);

        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{Height}\" font-family=\"sans-serif\" font-size=\"11\" role=\"img\">");
        svg.Append(CultureInfo.InvariantCulture, $"<title>{WebUtility.HtmlEncode(title)}</title><text x=\"{Left}\" y=\"14\" font-weight=\"bold\">{WebUtility.HtmlEncode(title)}</text>");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Width - Right}\" y=\"{Height - 2}\" text-anchor=\"end\" fill=\"#666\">{WebUtility.HtmlEncode(xTitle)}</text>");
        foreach (double y in new[] { low, (low + high) / 2, high })
            svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(y):0.#}\" y2=\"{Y(y):0.#}\" stroke=\"#ddd\"/><text x=\"{Left - 4}\" y=\"{Y(y) + 4:0.#}\" text-anchor=\"end\">{y:g4}</text>");
        double[] marks = [.. all.Select(point => point.X).Distinct().Order()];
        foreach (double x in marks.Where((_, i) => i % Math.Max(1, (marks.Length + 7) / 8) == 0))
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(x):0.#}\" y=\"{Height - Bottom + 14}\" text-anchor=\"middle\">{x:g4}</text>");
        for (int i = 0; i < lines.Count; i++)
        {
            (double X, double Y)[] points = [.. lines[i].Points.Where(point => double.IsFinite(point.Y)).OrderBy(point => point.X)];
            string colour = Colours[i % Colours.Length];
            svg.Append(CultureInfo.InvariantCulture, $"<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{string.Join(' ', points.Select(point => FormattableString.Invariant($"{X(point.X):0.#},{Y(point.Y):0.#}")))}\"/>");
            foreach ((double x, double y) in points)
                svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{X(x):0.#}\" cy=\"{Y(y):0.#}\" r=\"3\" fill=\"{colour}\"><title>{WebUtility.HtmlEncode(lines[i].Name)} {x:g4}: {y:g5}</title></circle>");
            if (lines.Count > 1)
                svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Width - Right}\" y=\"{Top + 8 + 13 * i}\" text-anchor=\"end\" fill=\"{colour}\">{WebUtility.HtmlEncode(lines[i].Name)}</text>");
        }
        return svg.Append("</svg>").ToString();
    }
}
