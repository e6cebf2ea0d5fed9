namespace ResTok.MLNet;

/// <summary>How the columns of a token table are called in its Parquet files; by default as <c>restok</c> and <see cref="TokenTableCatalog.SaveTokenTable"/> write them. Case does not matter.</summary>
public sealed record TokenTableOptions
{
    /// <summary>A list of integers, of as many in each row.</summary>
    public string TokensField { get; init; } = "tokens";

    /// <summary>A text; the data view has a column Id where the files have it.</summary>
    public string IdField { get; init; } = "id";

    /// <summary>An integer; the data view has a column Label where the files have it with any value.</summary>
    public string LabelField { get; init; } = "label";

    /// <summary>An integer; the data view has a column View where the files have it.</summary>
    public string ViewField { get; init; } = "view";

}
