using System.Globalization;
using System.Net;
using System.Text;

/// <summary>A page with a row for every query: the image, and what was found with its score.</summary>
/// <param name="folder">Where the page will be; its images stay where they are.</param>
internal sealed class ResultPage(string folder)
{
    private readonly StringBuilder rows = new();

    public void Add(string query, IEnumerable<(string Path, float Score)> hits)
    {
        rows.Append("<tr><th>").Append(Figure(query, null)).Append("</th>");
        foreach ((string path, float score) in hits)
            rows.Append("<td>").Append(Figure(path, score)).Append("</td>");
        rows.AppendLine("</tr>");
    }

    public void Save(string path, int searched) => File.WriteAllText(path, $$"""
        <!doctype html>
        <html lang="en"><meta charset="utf-8"><title>ResTok search</title>
        <style>
        body { font-family: sans-serif; margin: 2em; color: #222 }
        img { width: 112px; height: 112px; object-fit: cover; border: 1px solid #ddd }
        figure { margin: 0; width: 114px } figcaption { font-size: 12px; font-weight: normal; overflow-wrap: anywhere }
        th { padding-right: 1.5em; text-align: left } td, th { vertical-align: top }
        </style>
        <h1>ResTok search</h1>
        <p>Left: what was searched for among {{searched}} images. Then the nearest by the tokenizer's features, with the cosine of both.</p>
        <table>
        {{rows}}</table>
        </html>
        """);

    private string Figure(string path, float? score)
    {
        string name = WebUtility.HtmlEncode(Path.GetFileNameWithoutExtension(path));
        string address = string.Join('/', Path.GetRelativePath(folder, path).Split(Path.DirectorySeparatorChar).Select(Uri.EscapeDataString));
        string number = score is { } value ? string.Create(CultureInfo.InvariantCulture, $"<b>{value:0.00}</b> ") : "";
        return $"<figure><img src=\"{address}\" alt=\"{name}\"><figcaption>{number}{name}</figcaption></figure>";
    }
}
