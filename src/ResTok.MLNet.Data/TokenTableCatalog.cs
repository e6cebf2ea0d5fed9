using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Interop;
using ResTok.MLNet.Rows;
using ResTok.MLNet.Tables;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet;

/// <summary>Token tables in <c>mlContext.Data</c>: images' tokens in Parquet files, as the tool <c>restok</c> makes them.</summary>
public static class TokenTableCatalog
{
    /// <summary>Opens a token table of any size. Only metadata are read now; rows are read as a cursor comes to them, and only the columns it asks for.</summary>
    /// <param name="catalog">The data operations of an <see cref="MLContext"/>.</param>
    /// <param name="path">A Parquet file, a folder of such, or a pattern like <c>tokens/*.parquet</c>. Several files count in the order of their paths.</param>
    /// <param name="options">Other names of the files' columns.</param>
    /// <remarks>
    /// | column | type |
    /// | --- | --- |
    /// | <c>Id</c> | text |
    /// | <c>Label</c> | Int32; not there where no row has one |
    /// | <c>View</c> | Int32, from 0 |
    /// | <c>Tokens</c> | Vector&lt;Int32, N&gt; |
    ///
    /// The row count is known without reading. A row's id is its number in the table, shuffled or not. Where a trainer shuffles, groups of
    /// rows of all files come in random order, eight at a time, whose rows are mixed: of <c>restok</c>'s tables, up to 131,072 rows.
    /// </remarks>
    /// <example>
    /// <code>
    /// IDataView table = ml.Data.LoadTokenTable("tokens/*.parquet");
    /// using ResTokGenerationTransformer draw = ml.Transforms.ResTokTrainGenerator("Generated", "Tokens", "Label", new() { Config = new() { Tokens = 64, Classes = 11, CodebookSize = 1024 } }).Fit(table);
    /// </code>
    /// </example>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">A file is no Parquet file, damaged, has no list of integers of the name, or is not like the others.</exception>
    public static IDataView LoadTokenTable(this DataOperationsCatalog catalog, string path, TokenTableOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new TokenTableView(TokenTableFiles.Open(path, options ?? new()));
    }

    /// <summary>What the first file of a token table says about where its tokens come from.</summary>
    /// <param name="catalog">The data operations of an <see cref="MLContext"/>.</param>
    /// <param name="path">As for <see cref="LoadTokenTable"/>.</param>
    /// <param name="options">Other names of the files' columns.</param>
    /// <inheritdoc cref="LoadTokenTable" path="/exception"/>
    public static TokenTableMetadata ReadTokenTableMetadata(this DataOperationsCatalog catalog, string path, TokenTableOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentException.ThrowIfNullOrEmpty(path);
        return TokenTableFiles.Open(path, options ?? new()).Files[0].Metadata;
    }

    /// <summary>Writes a data view's tokens as a token table of one file, row by row. A file of the name is replaced whole or not at all.</summary>
    /// <param name="catalog">The data operations of an <see cref="MLContext"/>.</param>
    /// <param name="data">Data with a column of tokens; labels must be integers, ids texts.</param>
    /// <param name="path">The file.</param>
    /// <param name="tokensColumnName">Vector&lt;Int32, N&gt;, or keys.</param>
    /// <param name="labelColumnName">Any integer; null for none.</param>
    /// <param name="idColumnName">Text; null for none.</param>
    /// <param name="metadata">Where the tokens come from.</param>
    /// <example>
    /// <code>
    /// ResTokEncodingTransformer encode = ml.Transforms.ResTokEncode("Tokens", "Image", restok).Fit(data);
    /// ml.Data.SaveTokenTable(encode.Transform(data), "tokens.parquet", labelColumnName: "Label");
    /// </code>
    /// </example>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type.</exception>
    /// <exception cref="InvalidOperationException">A row cannot be read, or has a missing token.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void SaveTokenTable(
        this DataOperationsCatalog catalog, IDataView data, string path, string tokensColumnName = "Tokens", string? labelColumnName = null, string? idColumnName = null, TokenTableMetadata? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentException.ThrowIfNullOrEmpty(path);
        TokenTableSaving.Save(data, path, tokensColumnName, labelColumnName, idColumnName, metadata ?? new());
    }
}
