using DuckDB.NET.Data;
using Microsoft.ML;
using Microsoft.ML.Data;
using ParquetSharp;
using ParquetSharp.Schema;
using static ResTok.MLNet.Data.Tests.Tables;

namespace ResTok.MLNet.Data.Tests;

/// <summary>Our tables in others' hands, and theirs in ours.</summary>
public sealed class ForeignTableTests : IDisposable
{
    private readonly Tables tables = new();

    public void Dispose() => tables.Dispose();

    [Fact]
    public void DuckDB_reads_ours()
    {
        string path = tables.Write("ours.parquet", 0, 1000);
        Assert.Equal(1000L, Query($"select count(*) from '{path}' where len(tokens) = {Tokens}"));
        Assert.Equal((long)Enumerable.Range(0, 1000).Sum(i => Row(i).Sum()), Query($"select sum(list_sum(tokens))::bigint from '{path}'"));
        Assert.Equal((long)Enumerable.Range(0, 1000).Sum(i => i % 5), Query($"select sum(label)::bigint from '{path}'"));
        Assert.Equal("image-7", Query($"select id from '{path}' limit 1 offset 7"));
    }

    [Theory]
    [InlineData("smallint[]")]
    [InlineData("integer[]")]
    [InlineData("bigint[]")]
    public void We_read_DuckDBs(string type)
    {
        string path = tables.PathOf("duck.parquet");
        Query($"copy (select i as label, [i % 64, (i * 7) % 64, 63]::{type} as codes from range(3000) t(i)) to '{path}' (format parquet)");
        IDataView view = tables.ML.Data.LoadTokenTable(path, new() { TokensField = "codes" });
        int[][] tokens = [.. view.GetColumn<int[]>("Tokens")];
        Assert.Equal(3000, tokens.Length);
        for (int i = 0; i < 3000; i++)
            Assert.Equal([i % 64, i * 7 % 64, 63], tokens[i]);
        Assert.Equal(Enumerable.Range(0, 3000), view.GetColumn<int>("Label"));
    }

    [Theory]
    [InlineData("list", "element")]
    [InlineData("list", "item")]
    [InlineData("bag", "array_element")]
    public void The_inner_names_of_a_list_do_not_matter(string group, string element)
    {
        string path = tables.PathOf("names.parquet");
        Write(path, group, element, [1, 1, 1, 1], [0, 1, 0, 1], [5, 6, 7, 8]);
        Assert.Equal([[5, 6], [7, 8]], tables.ML.Data.LoadTokenTable(path).GetColumn<int[]>("Tokens"));
    }

    [Fact]
    public void A_row_of_more_or_fewer_tokens_or_of_none_is_an_error_by_its_number()
    {
        Assert.Contains("Row 1 of", Fault("ragged", [1, 1, 1], [0, 1, 0], [1, 2, 3]));
        Assert.Contains("Row 1 of", Fault("none", [1, 1, 0], [0, 1, 0], [1, 2]));
        Assert.Contains("first row", Fault("first", [0, 1, 1], [0, 0, 1], [1, 2]));
    }

    [Fact]
    public void A_column_that_is_no_list_and_one_that_is_not_there_are_refused_by_name()
    {
        string path = tables.PathOf("flat.parquet");
        Query($"copy (select 1 as tokens, 'x' as other) to '{path}' (format parquet)");
        Assert.Contains("'tokens'", Assert.Throws<InvalidDataException>(() => tables.ML.Data.LoadTokenTable(path)).Message);
        Assert.Contains("'other'", Assert.Throws<InvalidDataException>(() => tables.ML.Data.LoadTokenTable(path, new() { TokensField = "codes" })).Message);
    }

    private static object Query(string sql)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar()!;
    }

    private static void Write(string path, string group, string element, short[] definitions, short[] repetitions, int[] values)
    {
        using var leaf = new PrimitiveNode(element, Repetition.Required, LogicalType.None(), PhysicalType.Int32);
        using var repeated = new GroupNode(group, Repetition.Repeated, [leaf]);
        using var list = new GroupNode("tokens", Repetition.Required, [repeated], LogicalType.List());
        using var schema = new GroupNode("schema", Repetition.Required, [list]);
        using var builder = new WriterPropertiesBuilder();
        using WriterProperties properties = builder.Build();
        using var file = new ParquetFileWriter(path, schema, properties);
        using (RowGroupWriter rows = file.AppendRowGroup())
        using (var column = (ColumnWriter<int>)rows.NextColumn())
            column.WriteBatch(definitions.Length, definitions, repetitions, values);
        file.Close();
    }

    private string Fault(string name, short[] definitions, short[] repetitions, int[] values)
    {
        string path = tables.PathOf(name + ".parquet");
        Write(path, "list", "element", definitions, repetitions, values);
        return Assert.Throws<InvalidDataException>(() => tables.ML.Data.LoadTokenTable(path).GetColumn<int[]>("Tokens").Count()).Message;
    }
}
