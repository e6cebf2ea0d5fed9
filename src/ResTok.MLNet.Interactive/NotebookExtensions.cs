using Microsoft.ML;
using ResTok.Models;

namespace ResTok.MLNet.Interactive;

/// <summary>What a notebook's cells end with to show something.</summary>
public static class NotebookExtensions
{
    /// <summary>Shows tokens as a strip with one cell a token.</summary>
    /// <param name="tokens">All tokens of an image, or the leading ones.</param>
    /// <param name="levels">The levels of the sequence they are from.</param>
    /// <example>
    /// <code>
    /// int[] tokens = data.GetColumn&lt;int[]>("Tokens").First();
    /// TokenStrip strip = tokens.ToStrip(new TokenLevels(128)); // as the last line of a cell it is shown
    /// </code>
    /// </example>
    /// <exception cref="ArgumentException">There are more tokens than the levels hold.</exception>
    public static TokenStrip ToStrip(this IEnumerable<int> tokens, TokenLevels levels) => new(tokens, levels);

    /// <summary>Shows the first rows of a data view, images included.</summary>
    /// <param name="view">The data; read when the table is shown.</param>
    /// <param name="rows">The most rows to show, at least 1.</param>
    /// <example>
    /// <code>
    /// DataViewTable table = data.ToTable(rows: 30); // as the last line of a cell it is shown
    /// </code>
    /// </example>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rows"/> is below 1.</exception>
    public static DataViewTable ToTable(this IDataView view, int rows = 10) => new(view, rows);
}
