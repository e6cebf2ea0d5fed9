using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResTok.MLNet.Tables;

/// <summary>A token table as a data view, of which no more is in memory than a group of rows, or a few where it is shuffled.</summary>
internal sealed class TokenTableView : IDataView
{
    private readonly TokenTableFiles table;

    public TokenTableView(TokenTableFiles table)
    {
        this.table = table;
        TokenTableFile first = table.Files.First(file => file.TokensPerRow > 0);
        var builder = new DataViewSchema.Builder();
        if (first.HasIds)
            builder.AddColumn("Id", TextDataViewType.Instance);
        if (first.HasLabels)
            builder.AddColumn("Label", NumberDataViewType.Int32);
        if (first.HasViews)
            builder.AddColumn("View", NumberDataViewType.Int32);
        builder.AddColumn("Tokens", new VectorDataViewType(NumberDataViewType.Int32, table.TokensPerRow));
        Schema = builder.ToSchema();
    }

    public bool CanShuffle => true;

    public DataViewSchema Schema { get; }

    public long? GetRowCount() => table.Files.Sum(file => file.Rows);

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
        new TokenTableCursor(table, Schema, columnsNeeded, rand);

    /// <summary>One: groups are read in a row.</summary>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => [GetRowCursor(columnsNeeded, rand)];
}
