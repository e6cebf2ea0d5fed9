namespace ResTok.Benchmarks.Measuring;

/// <summary>A table to print and to quote.</summary>
internal sealed class MarkdownTable(params string[] columns)
{
    private readonly List<string[]> rows = [];

    public void Add(params string[] cells) => rows.Add(cells);

    public void Print()
    {
        int[] widths = [.. columns.Select((column, i) => rows.Select(row => row[i].Length).Append(column.Length).Max())];
        Console.WriteLine();
        Print(columns, widths);
        Console.WriteLine("|" + string.Concat(widths.Select((width, i) => (i == 0 ? new string('-', width + 2) : new string('-', width + 1) + ":") + "|")));
        foreach (string[] row in rows)
            Print(row, widths);
        Console.WriteLine();
    }

    private static void Print(string[] cells, int[] widths) =>
        Console.WriteLine("|" + string.Concat(cells.Select((cell, i) => " " + (i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i])) + " |")));
}
