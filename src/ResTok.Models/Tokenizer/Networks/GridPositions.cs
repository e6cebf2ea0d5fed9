namespace ResTok.Models.Tokenizer.Networks;

/// <summary>The row and column that rotary positions give to each token of a sequence, of latents and image grids.</summary>
internal static class GridPositions
{
    /// <summary>Every grid, and then the latents, starts where the tokens before it end.</summary>
    public static List<(int Row, int Column)> OfEncoder(IReadOnlyList<(int Rows, int Columns)> grids, int latents)
    {
        var positions = new List<(int, int)>();
        int offset = 0;
        foreach ((int rows, int columns) in grids)
        {
            positions.AddRange(from row in Enumerable.Range(0, rows)
                               from column in Enumerable.Range(0, columns)
                               select (offset + row, offset + column));
            offset += rows * columns;
        }
        positions.AddRange(Enumerable.Range(offset, latents).Select(position => (position, position)));
        return positions;
    }

    /// <summary>The latents first, then the image's grid.</summary>
    public static List<(int Row, int Column)> OfDecoder(int latents, int side) =>
    [
        .. Enumerable.Range(0, latents).Select(position => (position, position)),
        .. from row in Enumerable.Range(latents, side)
           from column in Enumerable.Range(latents, side)
           select (row, column),
    ];
}
