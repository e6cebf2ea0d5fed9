namespace ResTok.MLNet.Tables;

/// <summary>Rows of a token table in memory, column by column; a column that was not read or is not there is empty.</summary>
internal sealed class TokenRows
{
    public int Count { get; set; }

    public List<string?> Ids { get; } = [];

    public List<int?> Labels { get; } = [];

    public List<int> Views { get; } = [];

    /// <summary>N of each row, one row after another.</summary>
    public List<int> Tokens { get; } = [];

    public void Clear()
    {
        Count = 0;
        Ids.Clear();
        Labels.Clear();
        Views.Clear();
        Tokens.Clear();
    }
}
