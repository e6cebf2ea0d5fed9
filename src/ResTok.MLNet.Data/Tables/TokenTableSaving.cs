using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Rows;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet.Tables;

/// <summary>Writes the rows of a data view as a token table.</summary>
internal static class TokenTableSaving
{
    public static void Save(IDataView data, string path, string tokensName, string? labelName, string? idName, TokenTableMetadata metadata)
    {
        DataViewSchema.Column tokens = TokenColumn.Find(data.Schema, tokensName, int.MaxValue);
        DataViewSchema.Column? label = labelName is null ? null : IntegerColumn.Find(data.Schema, labelName, "labels");
        DataViewSchema.Column? id = idName is null ? null : FindText(data.Schema, idName);
        var type = (VectorDataViewType)tokens.Type;
        if (!type.IsKnownSize)
            throw new ArgumentOutOfRangeException(nameof(data), $"Column '{tokensName}' has rows of any number of tokens, but all rows of a table have as many. Save a column of a known size.");
        if (type.ItemType is KeyDataViewType { Count: > 0 and <= int.MaxValue } key)
            metadata = metadata with { CodebookSize = metadata.CodebookSize ?? (int)key.Count };
        AtomicFile.Write(path, stream =>
        {
            using var writer = new TokenTableWriter(stream, type.Size, metadata);
            using DataViewRowCursor cursor = data.GetRowCursor(new[] { tokens, label, id }.OfType<DataViewSchema.Column>());
            var source = new CursorSource(cursor);
            Action<List<int>> readTokens = TokenColumn.Reader(source, tokens);
            Func<Int128>? readLabel = label is { } labels ? IntegerColumn.Reader(source, labels) : null;
            ValueGetter<ReadOnlyMemory<char>>? readId = id is { } ids ? cursor.GetGetter<ReadOnlyMemory<char>>(ids) : null;
            var row = new List<int>();
            ReadOnlyMemory<char> text = default;
            while (cursor.MoveNext())
            {
                readTokens(row);
                if (TokenColumn.FaultOf(row, metadata.CodebookSize ?? int.MaxValue, tokensName, cursor.Position) is { } fault)
                    throw new InvalidOperationException(fault);
                readId?.Invoke(ref text);
                writer.Add(readId is null ? null : text.ToString(), Label(readLabel?.Invoke(), cursor.Position), 0, [.. row]);
            }
            writer.Complete();
        });

        int? Label(Int128? value, long row) => value is null || (value >= int.MinValue && value <= int.MaxValue) ? (int?)value
            : throw new InvalidOperationException($"Column '{labelName}' has the label {value} in row {row}, which is beyond 32 bits.");
    }

    private static DataViewSchema.Column FindText(DataViewSchema schema, string name)
    {
        DataViewSchema.Column column = schema.GetColumnOrNull(name) ?? throw new ArgumentOutOfRangeException(nameof(schema), $"There is no column '{name}' of ids.");
        return column.Type is TextDataViewType ? column
            : throw new ArgumentOutOfRangeException(nameof(schema), $"Column '{name}' of ids must be text, but is {column.Type}. Convert it first, with ConvertType.");
    }
}
