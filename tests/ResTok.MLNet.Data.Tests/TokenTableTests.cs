using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Tables;
using ResTok.Models;
using static ResTok.MLNet.Data.Tests.Tables;

namespace ResTok.MLNet.Data.Tests;

public sealed class TokenTableTests : IDisposable
{
    private readonly Tables tables = new();

    public void Dispose() => tables.Dispose();

    [Fact]
    public void Rows_come_as_they_were_written_from_all_files_of_a_pattern()
    {
        tables.Write("a-0.parquet", 0, 20_000); // two groups
        tables.Write("a-1.parquet", 20_000, 10);
        IDataView view = tables.ML.Data.LoadTokenTable(tables.PathOf("a-*.parquet"));
        Assert.Equal(20_010, view.GetRowCount());
        Assert.Equal(["Id", "Label", "View", "Tokens"], view.Schema.Select(column => column.Name));
        long number = 0;
        foreach (TableRow row in tables.ML.Data.CreateEnumerable<TableRow>(view, reuseRowObject: false))
        {
            Assert.Equal($"image-{number}", row.Id);
            Assert.Equal(number % 5, row.Label);
            Assert.Equal(number % 2, row.View);
            Assert.Equal(Row(number), row.Tokens);
            number++;
        }
        Assert.Equal(20_010, number);
        Assert.Equal(("tests", Codes), (tables.ML.Data.ReadTokenTableMetadata(tables.Folder).Model, tables.ML.Data.ReadTokenTableMetadata(tables.Folder).CodebookSize!.Value));
    }

    [Fact]
    public void Shuffled_rows_are_all_there_once_in_another_order_with_the_ids_they_have()
    {
        tables.Write("a-0.parquet", 0, 20_000);
        tables.Write("a-1.parquet", 20_000, 20_000);
        IDataView view = tables.ML.Data.LoadTokenTable(tables.Folder);
        long[] Read(Random? random)
        {
            var numbers = new List<long>();
            DataViewSchema.Column tokens = view.Schema["Tokens"];
            using DataViewRowCursor cursor = view.GetRowCursor([tokens], random);
            ValueGetter<DataViewRowId> getId = cursor.GetIdGetter();
            ValueGetter<VBuffer<int>> getTokens = cursor.GetGetter<VBuffer<int>>(tokens);
            DataViewRowId id = default;
            VBuffer<int> value = default;
            while (cursor.MoveNext())
            {
                getId(ref id);
                getTokens(ref value);
                if (numbers.Count % 1000 == 0)
                    Assert.Equal(Row((long)id.Low), value.DenseValues());
                numbers.Add((long)id.Low);
            }
            Assert.Throws<ArgumentException>(() => cursor.GetGetter<int>(view.Schema["Label"])); // was not asked for
            return [.. numbers];
        }

        long[] plain = Read(null), shuffled = Read(new Random(1)), again = Read(new Random(1)), other = Read(new Random(2));
        Assert.Equal(Enumerable.Range(0, 40_000).Select(i => (long)i), plain);
        Assert.Equal(plain, shuffled.Order());
        Assert.Equal(shuffled, again);
        Assert.NotEqual(shuffled, other);
        Assert.True(shuffled.Take(1000).Max() - shuffled.Take(1000).Min() > 20_000); // of both files
    }

    [Fact]
    public void What_a_pipeline_encoded_is_saved_and_read_again()
    {
        TableRow[] rows = [.. Enumerable.Range(0, 50).Select(i => new TableRow { Id = $"{i}", Label = i % 3, Tokens = Row(i) })];
        IDataView data = tables.ML.Data.LoadFromEnumerable(rows);
        tables.ML.Data.SaveTokenTable(data, tables.PathOf("saved.parquet"), labelColumnName: "Label", idColumnName: "Id");
        TableRow[] read = [.. tables.ML.Data.CreateEnumerable<TableRow>(tables.ML.Data.LoadTokenTable(tables.PathOf("saved.parquet")), reuseRowObject: false)];
        Assert.Equal(rows.Select(row => (row.Id, row.Label)), read.Select(row => (row.Id, row.Label)));
        Assert.Equal(rows.SelectMany(row => row.Tokens), read.SelectMany(row => row.Tokens));
        Assert.Contains("'Words'", Assert.Throws<ArgumentOutOfRangeException>(() => tables.ML.Data.SaveTokenTable(data, tables.PathOf("x.parquet"), "Words")).Message);
        Assert.Equal(["saved.parquet"], Directory.GetFiles(tables.Folder).Select(Path.GetFileName));
    }

    [Fact]
    public void The_same_rows_give_the_same_bytes_of_as_many_bits_as_the_codebook_needs()
    {
        string one = tables.Write("one.parquet", 0, 16_384), two = tables.Write("two.parquet", 0, 16_384);
        Assert.Equal(File.ReadAllBytes(one), File.ReadAllBytes(two));
        Assert.InRange(8.0 * new TokenTableFile(one, new()).TokenBytes() / (16_384 * Tokens), 5.9, 6.2); // 64 codes
    }

    [Fact]
    public void A_generator_and_a_trainer_of_MLNet_learn_from_a_table()
    {
        string path = tables.Write("train.parquet", 0, 300);
        IDataView view = tables.ML.Data.LoadTokenTable(path);
        using ResTokGenerationTransformer trained = tables.ML.Transforms.ResTokTrainGenerator("Generated", "Tokens", "Label", new()
        {
            Config = TinyModels.Generator,
            Training = new() { Steps = 3, BatchSize = 4, LogEvery = 1 },
        }).Fit(view);
        Assert.Equal(Tokens, trained.Transform(view).GetColumn<int[]>("Generated").First().Length);

        ITransformer classifier = tables.ML.Transforms.Conversion.ConvertType("Features", "Tokens", DataKind.Single)
            .Append(tables.ML.Transforms.Conversion.MapValueToKey("Label"))
            .Append(tables.ML.MulticlassClassification.Trainers.NaiveBayes()).Fit(view);
        Assert.Equal(300, classifier.Transform(view).GetColumn<uint>("PredictedLabel").Count());
    }

    [Fact]
    public void Labels_that_are_missing_are_an_error_and_a_column_without_any_is_none()
    {
        IDataView none = tables.ML.Data.LoadTokenTable(tables.Write("none.parquet", 0, 3, _ => null));
        Assert.Null(none.Schema.GetColumnOrNull("Label"));
        IDataView some = tables.ML.Data.LoadTokenTable(tables.Write("some.parquet", 0, 3, i => i == 1 ? null : i));
        Assert.Contains("Row 1", Assert.Throws<InvalidOperationException>(() => some.GetColumn<int>("Label").ToArray()).Message);
    }

    [Fact]
    public void Tables_that_do_not_belong_together_and_files_that_are_damaged_are_refused_by_name()
    {
        tables.Write("a.parquet", 0, 3);
        using (FileStream stream = File.Create(tables.PathOf("b.parquet")))
        {
            using var writer = new TokenTableWriter(stream, 4, new());
            writer.Add("x", 1, 0, [1, 2, 3, 4]);
            writer.Complete();
        }
        Assert.Contains("b.parquet", Assert.Throws<InvalidDataException>(() => tables.ML.Data.LoadTokenTable(tables.Folder)).Message);
        Assert.Contains("nothing", Assert.Throws<FileNotFoundException>(() => tables.ML.Data.LoadTokenTable(tables.PathOf("nothing.parquet"))).Message);

        byte[] content = File.ReadAllBytes(tables.Write("c.parquet", 0, 5000));
        File.WriteAllBytes(tables.PathOf("cut.parquet"), content[..^100]);
        Assert.Contains("cut.parquet", Assert.Throws<InvalidDataException>(() => tables.ML.Data.LoadTokenTable(tables.PathOf("cut.parquet"))).Message);
        content[content.Length * 3 / 4] ^= 1; // in the tokens
        File.WriteAllBytes(tables.PathOf("flipped.parquet"), content);
        Assert.Contains("flipped.parquet", Assert.Throws<InvalidDataException>(() =>
            tables.ML.Data.LoadTokenTable(tables.PathOf("flipped.parquet")).GetColumn<int[]>("Tokens").Count()).Message);
    }
}
