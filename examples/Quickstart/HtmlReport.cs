using System.Globalization;
using System.Net;
using System.Text;

/// <summary>A page that shows every image's reconstructions, tokens and PSNR.</summary>
/// <param name="counts">Of tokens, of each reconstruction.</param>
/// <param name="searchSteps">Of the search that found the tokens of one more reconstruction; 0 where there is none.</param>
internal sealed class HtmlReport(int[] counts, int searchSteps)
{
    private readonly StringBuilder body = new();

    /// <summary>What each reconstruction is from.</summary>
    public string[] Headings { get; } = [.. counts.Select(count => count == 1 ? "1 token" : $"{count} tokens"), .. searchSteps > 0 ? ["searched"] : Array.Empty<string>()];

    public void Add(string name, int[] tokens, double[] psnr)
    {
        string title = WebUtility.HtmlEncode(name), file = Uri.EscapeDataString(name);
        body.AppendLine(CultureInfo.InvariantCulture, $"<h2>{title}</h2><img src=\"{file}.png\" alt=\"{title}: original and reconstructions\">");
        body.AppendLine(CultureInfo.InvariantCulture, $"<p>PSNR {string.Join(", ", Headings.Zip(psnr, (heading, value) => string.Create(CultureInfo.InvariantCulture, $"{heading} {value:0.00} dB")))}</p>");
        body.AppendLine(CultureInfo.InvariantCulture, $"<details><summary>{tokens.Length} tokens</summary><code>{string.Join(' ', tokens)}</code> (<a href=\"{file}.tokens.json\">JSON</a>)</details>");
    }

    public void Save(string path) => File.WriteAllText(path, $$"""
        <!doctype html>
        <html lang="en"><meta charset="utf-8"><title>ResTok reconstructions</title>
        <style>body { font-family: sans-serif; margin: 2em; color: #222 } img { max-width: 100%; border: 1px solid #ddd } code { word-break: break-word }</style>
        <h1>ResTok reconstructions</h1>
        <p>Left: the image as the tokenizer sees it. Then its reconstructions from the first {{string.Join(", ", counts)}} tokens.{{(searchSteps > 0 ? $" Last: from {counts[^1]} tokens that a search of {searchSteps} steps found." : "")}}</p>
        {{body}}
        </html>
        """);
}
