using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.ML;

namespace ResTok.MLNet.Interactive;

/// <summary>
/// The first rows of a data view to look at: images inline, tokens as strips, keys by their names, and of long vectors the beginning.
/// </summary>
public sealed class DataViewTable
{
    private readonly IDataView view;
    private readonly int rows;

    /// <summary>Makes a table. The data is read when the table is shown.</summary>
    /// <param name="view">The data.</param>
    /// <param name="rows">The most rows to show, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rows"/> is below 1.</exception>
    public DataViewTable(IDataView view, int rows = 10)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        this.view = view;
        this.rows = rows;
    }

    /// <summary>Reads the rows and gives the table as HTML. Images that the data view made for it are disposed.</summary>
    public string ToHtml()
    {
        DataViewSchema.Column[] columns = [.. view.Schema.Where(column => !column.IsHidden)];
        var html = new StringBuilder("<table><thead><tr>");
        foreach (DataViewSchema.Column column in columns)
            html.Append(CultureInfo.InvariantCulture, $"<th>{WebUtility.HtmlEncode(column.Name)}<br/><small>{WebUtility.HtmlEncode(column.Type.ToString())}</small></th>");
        html.Append("</tr></thead><tbody>");
        using DataViewRowCursor cursor = view.GetRowCursor(columns);
        Func<string>[] cells = [.. columns.Select(column => CellReader.Create(cursor, column))];
        int shown = 0;
        for (; shown < rows && cursor.MoveNext(); shown++)
            html.Append("<tr>").AppendJoin("", cells.Select(cell => $"<td>{cell()}</td>")).Append("</tr>");
        string first = "", of = "";
        if (shown == rows && cursor.MoveNext())
        {
            first = "The first ";
            of = view.GetRowCount() is { } all ? string.Create(CultureInfo.InvariantCulture, $" of {all}") : "";
        }
        return html.Append(CultureInfo.InvariantCulture, $"</tbody><caption>{first}{shown}{of} {(shown == 1 && of == "" ? "row" : "rows")}</caption></table>").ToString();
    }
}
