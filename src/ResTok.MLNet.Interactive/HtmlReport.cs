using System.Net;
using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet.Interactive;

/// <summary>
/// One page of all that a notebook can show, for programs that are none: data views as tables with images, images, tokens as strips and
/// training curves, in the order they were added. What is added is read at once, so that it may be disposed after. The page is one file
/// with its images inside, and needs no script and no network.
/// </summary>
/// <example>
/// <code>
/// var report = new HtmlReport("Images as tokens");
/// report.Add(data, "The first rows");
/// Console.WriteLine($"See {report.Save("report.html")}");
/// </code>
/// </example>
public sealed class HtmlReport
{
    private readonly string title;
    private readonly StringBuilder body = new();

    /// <summary>Makes a page with a heading only.</summary>
    /// <param name="title">The page's title and first heading.</param>
    public HtmlReport(string title)
    {
        ArgumentNullException.ThrowIfNull(title);
        this.title = title;
    }

    /// <summary>Adds a paragraph.</summary>
    /// <param name="text">Plain text.</param>
    public void Add(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        body.Append("<p>").Append(WebUtility.HtmlEncode(text)).AppendLine("</p>");
    }

    /// <summary>Adds the first rows of a data view as <see cref="DataViewTable"/> shows them. Images that the view makes for it are disposed.</summary>
    /// <param name="view">The data.</param>
    /// <param name="heading">What is above it, if anything.</param>
    /// <param name="rows">The most rows to show, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rows"/> is below 1.</exception>
    public void Add(IDataView view, string? heading = null, int rows = 10) => Add(new DataViewTable(view, rows), heading);

    /// <summary>Adds a table. Images that its data view makes for it are disposed.</summary>
    /// <param name="table">As <see cref="NotebookExtensions.ToTable"/> gives.</param>
    /// <param name="heading">What is above it, if anything.</param>
    public void Add(DataViewTable table, string? heading = null)
    {
        ArgumentNullException.ThrowIfNull(table);
        Append(heading, table.ToHtml());
    }

    /// <summary>Adds an image, shrunk to 256 pixels where it is larger.</summary>
    /// <param name="image">It stays the caller's.</param>
    /// <param name="heading">What is above it, if anything.</param>
    /// <exception cref="ArgumentException">Its pixel format is unknown.</exception>
    public void Add(MLImage image, string? heading = null) => Add([image], heading);

    /// <summary>Adds images side by side, each shrunk to 256 pixels where it is larger.</summary>
    /// <param name="images">They stay the caller's.</param>
    /// <param name="heading">What is above them, if anything.</param>
    /// <exception cref="ArgumentException">The pixel format of one is unknown.</exception>
    public void Add(IEnumerable<MLImage> images, string? heading = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        Append(heading, $"<div>{string.Join(' ', images.Select(image => ImageHtml.Tag(image, 256)))}</div>");
    }

    /// <summary>Adds tokens as a strip.</summary>
    /// <param name="strip">As <see cref="NotebookExtensions.ToStrip"/> gives.</param>
    /// <param name="heading">What is above it, if anything.</param>
    public void Add(TokenStrip strip, string? heading = null)
    {
        ArgumentNullException.ThrowIfNull(strip);
        Append(heading, strip.ToHtml());
    }

    /// <summary>Adds the curves of a training run up to now.</summary>
    /// <param name="curve">What was the run's progress.</param>
    /// <param name="heading">What is above it, if anything.</param>
    public void Add(TrainingCurve curve, string? heading = null)
    {
        ArgumentNullException.ThrowIfNull(curve);
        Append(heading, curve.ToHtml());
    }

    /// <summary>Gives the page.</summary>
    public string ToHtml()
    {
        string name = WebUtility.HtmlEncode(title);
        return $$"""
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <title>{{name}}</title>
            <style>
            :root { color-scheme: light dark }
            body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; overflow-wrap: anywhere }
            section { overflow-x: auto; margin: 1.5em 0 }
            table { border-collapse: collapse }
            th, td { border: 1px solid #8884; padding: .4em .6em; text-align: left; vertical-align: top; overflow-wrap: normal }
            th small, caption { color: #888; font-weight: normal }
            caption { caption-side: bottom; text-align: left; padding-top: .4em }
            h2 { font-size: 1.05em; margin: 0 0 .4em }
            img { min-width: 128px; height: auto; vertical-align: top } /* the smallest models' images are 64 pixels wide */
            td span[role=img] { max-width: 22em }
            </style>
            <h1>{{name}}</h1>
            {{body}}
            </html>
            """;
    }

    /// <summary>Writes the page, whole or not at all.</summary>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <returns>Its full path.</returns>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public string Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = Path.GetFullPath(path);
        byte[] page = System.Text.Encoding.UTF8.GetBytes(ToHtml());
        AtomicFile.Write(full, stream => stream.Write(page));
        return full;
    }

    private void Append(string? heading, string html)
    {
        body.AppendLine("<section>");
        if (heading is not null)
            body.Append("<h2>").Append(WebUtility.HtmlEncode(heading)).AppendLine("</h2>");
        body.AppendLine(html).AppendLine("</section>");
    }
}
