using Microsoft.DotNet.Interactive.Formatting;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResTok.MLNet.Interactive;

/// <summary>How a notebook shows what ResTok.MLNet works with. Loading the package into a notebook registers it.</summary>
public static class NotebookFormatting
{
    /// <summary>
    /// Registers HTML for <see cref="MLImage"/> (an inline PNG), sequences of it (side by side), <see cref="TokenStrip"/>,
    /// <see cref="IDataView"/> (the first ten rows; <see cref="NotebookExtensions.ToTable"/> shows more), <see cref="DataViewTable"/>
    /// and <see cref="TrainingCurve"/>.
    /// </summary>
    /// <param name="show">
    /// Shows a curve in the running cell, and gives what shows it again there after it has grown; null shows none before it is asked for.
    /// </param>
    public static void Register(Func<TrainingCurve, Action>? show = null)
    {
        Html<MLImage>(image => ImageHtml.Tag(image));
        Html<IEnumerable<MLImage>>(images => $"<div>{string.Join(' ', images.Select(image => ImageHtml.Tag(image)))}</div>");
        Html<TokenStrip>(strip => strip.ToHtml());
        Html<IDataView>(view => view.ToTable().ToHtml());
        Html<DataViewTable>(table => table.ToHtml());
        Html<TrainingCurve>(curve => curve.ToHtml());
        TrainingCurve.Show = show;
    }

    private static void Html<T>(Func<T, string> format) => Formatter.Register<T>((value, writer) => writer.Write(format(value)), HtmlFormatter.MimeType);
}
