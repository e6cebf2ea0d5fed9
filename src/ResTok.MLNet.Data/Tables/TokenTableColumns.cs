namespace ResTok.MLNet.Tables;

/// <summary>Columns of a token table to read.</summary>
[Flags]
internal enum TokenTableColumns
{
    None = 0,
    Ids = 1,
    Labels = 2,
    Views = 4,
    Tokens = 8,
    All = Ids | Labels | Views | Tokens,
}
