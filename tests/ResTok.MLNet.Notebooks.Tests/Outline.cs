using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.DotNet.Interactive.Documents;

namespace ResTok.MLNet.Notebooks.Tests;

/// <summary>What an output consists of, without the values: the same after every run, whatever the demo model has learned.</summary>
internal static partial class Outline
{
    /// <summary>Such as "table of 5 rows, 5 × strip of 64 tokens, 5 × image of 64 x 64".</summary>
    public static string Of(InteractiveDocumentOutputElement output)
    {
        string html = Text(output);
        string[] parts =
        [
            .. Table().Matches(html).Select(table => $"table of {Row().Count(table.Value)} rows"),
            .. Strip().Matches(html).Select(strip => $"strip of {Token().Count(strip.Value)} tokens"),
            .. Image().Matches(html).Select(ImageOf),
            .. Curve().Matches(html).Select(curve => $"curve of {curve.Groups[1].Value}"),
        ];
        return parts.Length == 0 ? "text" : string.Join(", ", parts.GroupBy(part => part).Select(same => same.Count() == 1 ? same.Key : $"{same.Count()} × {same.Key}"));
    }

    /// <summary>The HTML of an output, or its text.</summary>
    public static string Text(InteractiveDocumentOutputElement output) => output switch
    {
        TextElement text => text.Text,
        DisplayElement display => display.Data.Values.Single() switch
        {
            string whole => whole,
            IEnumerable<object> lines => string.Concat(lines),
            var other => throw new InvalidOperationException($"An output is kept as {other.GetType()}."),
        },
        _ => throw new InvalidOperationException($"There is an output of type {output.GetType().Name}, which no cell should have."),
    };

    // The size that the PNG itself tells, which must be the one it is shown in.
    private static string ImageOf(Match tag)
    {
        byte[] png = Convert.FromBase64String(tag.Groups[3].Value);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4]);
        int width = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), height = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20));
        Assert.Equal((tag.Groups[1].Value, tag.Groups[2].Value), (width.ToString(CultureInfo.InvariantCulture), height.ToString(CultureInfo.InvariantCulture)));
        return $"image of {width} x {height}";
    }

    [GeneratedRegex("<table.*?</table>", RegexOptions.Singleline)]
    private static partial Regex Table();

    [GeneratedRegex("<tr>")]
    private static partial Regex Row();

    [GeneratedRegex("<span role=\"img\" aria-label=\"[0-9]+ tokens\".*?</span>")]
    private static partial Regex Strip();

    [GeneratedRegex("<i title=\"level")]
    private static partial Regex Token();

    [GeneratedRegex("<img width=\"([0-9]+)\" height=\"([0-9]+)\"[^>]* src=\"data:image/png;base64,([^\"]+)\"")]
    private static partial Regex Image();

    [GeneratedRegex("<svg role=\"img\" aria-label=\"([^\"]+)\"[^>]*><polyline points=\"[0-9.,]+( [0-9.,]+){9,}\"")]
    private static partial Regex Curve();
}
