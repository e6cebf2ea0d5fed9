using Apache.Arrow;
using Apache.Arrow.Types;
using ParquetSharp;
using ParquetSharp.Arrow;

namespace ResTok.MLNet.Tables;

/// <summary>
/// Writes a token table: id (text), label (int32 or null), view (int16), tokens (a list of fixed size). Tokens are encoded by a dictionary,
/// which packs them into as few bits as the codebook needs. The same rows give the same bytes.
/// </summary>
internal sealed class TokenTableWriter : IDisposable
{
    /// <summary>Of a group of rows, which is what a reader holds in memory.</summary>
    public const int RowsPerGroup = 16_384;

    private readonly int tokensPerRow;
    private readonly bool isWide; // beyond 16 bits
    private readonly Apache.Arrow.Schema schema;
    private readonly WriterProperties properties;
    private readonly ArrowWriterProperties arrowProperties;
    private readonly FileWriter file;
    private readonly TokenRows rows = new();

    /// <param name="stream">Where to, from its position on; it stays open.</param>
    /// <param name="tokensPerRow">N, 1 or more.</param>
    /// <param name="metadata">Where the tokens come from.</param>
    public TokenTableWriter(Stream stream, int tokensPerRow, TokenTableMetadata metadata)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokensPerRow, 1);
        this.tokensPerRow = tokensPerRow;
        isWide = metadata.CodebookSize is null or > short.MaxValue + 1;
        IArrowType token = isWide ? Int32Type.Default : Int16Type.Default;
        schema = new(
            [
                new Field("id", StringType.Default, nullable: true),
                new Field("label", Int32Type.Default, nullable: true),
                new Field("view", Int16Type.Default, nullable: false),
                new Field("tokens", new FixedSizeListType(new Field("element", token, nullable: false), tokensPerRow), nullable: false),
            ],
            metadata.ToPairs());
        using var builder = new WriterPropertiesBuilder();
        properties = builder.Compression(Compression.Zstd).DisableDictionary("id").EnablePageChecksum().MaxRowGroupLength(RowsPerGroup).Build();
        using var arrowBuilder = new ArrowWriterPropertiesBuilder();
        arrowProperties = arrowBuilder.StoreSchema().Build();
        file = new(stream, schema, properties, arrowProperties, leaveOpen: true);
    }

    /// <summary>Rows added.</summary>
    public long Count { get; private set; }

    /// <param name="id">What the image is called, or null.</param>
    /// <param name="label">Its class, or null.</param>
    /// <param name="view">Which view of it, from 0.</param>
    /// <param name="tokens">N token ids.</param>
    public void Add(string? id, int? label, int view, ReadOnlySpan<int> tokens)
    {
        if (tokens.Length != tokensPerRow)
            throw new ArgumentException($"There are {tokens.Length} tokens, but rows of this table have {tokensPerRow}.", nameof(tokens));
        rows.Ids.Add(id);
        rows.Labels.Add(label);
        rows.Views.Add(view);
        rows.Tokens.AddRange(tokens);
        rows.Count++;
        Count++;
        if (rows.Count == RowsPerGroup)
            WriteGroup();
    }

    /// <summary>Writes what is left, and the end without which a file is no table.</summary>
    public void Complete()
    {
        if (rows.Count > 0)
            WriteGroup();
        file.Close();
    }

    public void Dispose()
    {
        file.Dispose();
        arrowProperties.Dispose();
        properties.Dispose();
    }

    private void WriteGroup()
    {
        var ids = new StringArray.Builder();
        var labels = new Int32Array.Builder();
        var views = new Int16Array.Builder();
        for (int i = 0; i < rows.Count; i++)
        {
            ids.Append(rows.Ids[i]);
            labels.Append(rows.Labels[i]);
            views.Append(checked((short)rows.Views[i]));
        }
        IArrowArray tokens = isWide
            ? new Int32Array.Builder().AppendRange(rows.Tokens).Build()
            : new Int16Array.Builder().AppendRange(rows.Tokens.Select(token => checked((short)token))).Build();
        var lists = new FixedSizeListArray(new ArrayData(schema.FieldsList[3].DataType, rows.Count, 0, 0, [ArrowBuffer.Empty], [tokens.Data]));
        using var batch = new RecordBatch(schema, [ids.Build(), labels.Build(), views.Build(), lists], rows.Count);
        file.WriteRecordBatch(batch, RowsPerGroup);
        rows.Clear();
    }
}
