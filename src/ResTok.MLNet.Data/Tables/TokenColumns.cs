using ParquetSharp;

namespace ResTok.MLNet.Tables;

/// <summary>Where a Parquet file has the columns of a token table; −1 where it has not.</summary>
/// <param name="Tokens">The leaf of the list of tokens.</param>
/// <param name="Id">Text.</param>
/// <param name="Label">An integer.</param>
/// <param name="View">An integer.</param>
internal sealed record TokenColumns(int Tokens, int Id, int Label, int View)
{
    /// <exception cref="InvalidDataException">There is no list of integers of the name, or a column is of another type.</exception>
    public static TokenColumns Find(SchemaDescriptor schema, TokenTableOptions names, string path)
    {
        int tokens = Leaf(names.TokensField), id = Leaf(names.IdField), label = Leaf(names.LabelField), view = Leaf(names.ViewField);
        if (tokens < 0)
            throw new InvalidDataException($"'{path}' has no column '{names.TokensField}' of tokens. It has {Names()}. Name the right one by TokensField.");
        ColumnDescriptor list = schema.Column(tokens);
        if (list.MaxRepetitionLevel != 1 || list.PhysicalType is not (PhysicalType.Int32 or PhysicalType.Int64))
            throw new InvalidDataException($"Column '{names.TokensField}' of '{path}' must be a list of integers, but is {Describe(list)}.");
        Check(id, PhysicalType.ByteArray, PhysicalType.ByteArray, "text");
        Check(label, PhysicalType.Int32, PhysicalType.Int64, "an integer");
        Check(view, PhysicalType.Int32, PhysicalType.Int64, "an integer");
        return new(tokens, id, label, view);

        void Check(int leaf, PhysicalType type, PhysicalType other, string expected)
        {
            if (leaf >= 0 && schema.Column(leaf) is { } column && (column.MaxRepetitionLevel != 0 || (column.PhysicalType != type && column.PhysicalType != other)))
                throw new InvalidDataException($"Column '{column.Path.ToDotString()}' of '{path}' must be {expected}, but is {Describe(column)}.");
        }

        int Leaf(string name) => Enumerable.Range(0, schema.NumColumns)
            .Where(leaf => schema.Column(leaf).Path.ToDotVector()[0].Equals(name, StringComparison.OrdinalIgnoreCase)).DefaultIfEmpty(-1).First();

        string Names() => string.Join(", ", Enumerable.Range(0, schema.NumColumns).Select(leaf => $"'{schema.Column(leaf).Path.ToDotVector()[0]}'").Distinct());
    }

    private static string Describe(ColumnDescriptor column) =>
        $"{(column.MaxRepetitionLevel > 0 ? $"a list of depth {column.MaxRepetitionLevel} of " : "")}{column.PhysicalType}";
}
