using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace ResTok.MLNet.Tests;

/// <summary>Cursors and row mappers over a computation that needs no network.</summary>
public class BatchTests
{
    private readonly MLContext ml = new(seed: 1);

    [Theory]
    [InlineData(1, 5, new[] { 1, 1, 1, 1, 1 })]
    [InlineData(3, 9, new[] { 1, 3, 3, 2 })]
    [InlineData(16, 40, new[] { 1, 4, 16, 16, 3 })]
    public void Batches_start_at_one_row_and_grow_fourfold(int batchSize, int rows, int[] batches)
    {
        var fake = new FakeTransformer(ml, batchSize);
        Assert.Equal(Enumerable.Range(0, rows).Select(i => 2 * i), fake.Transform(Numbers(rows)).GetColumn<int>(FakeTransformer.Output));
        Assert.Equal(batches, fake.Batches);
    }

    [Fact]
    public void Looking_at_the_first_row_computes_one()
    {
        var fake = new FakeTransformer(ml, 64);
        Assert.Equal(0, fake.Transform(ml.Data.TakeRows(Numbers(100), 1)).GetColumn<int>(FakeTransformer.Output).Single());
        Assert.Equal([1], fake.Batches);
    }

    [Fact]
    public void Nothing_is_computed_for_readers_of_other_columns()
    {
        var fake = new FakeTransformer(ml, 4);
        IDataView view = fake.Transform(Numbers(10));
        Assert.Equal(10, view.GetColumn<int>(FakeTransformer.Input).Count());
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema); // asks for all columns and reads none
        while (cursor.MoveNext())
        {
        }
        Assert.Empty(fake.Batches);
    }

    [Fact]
    public void Positions_and_ids_stay_with_their_rows_however_far_the_cursor_reads_ahead()
    {
        IDataView input = Numbers(23), view = new FakeTransformer(ml, 8).Transform(input);
        using DataViewRowCursor expected = input.GetRowCursor(input.Schema), actual = view.GetRowCursor(view.Schema);
        ValueGetter<DataViewRowId> expectedId = expected.GetIdGetter(), actualId = actual.GetIdGetter();
        ValueGetter<int> number = actual.GetGetter<int>(view.Schema[FakeTransformer.Input]), doubled = actual.GetGetter<int>(view.Schema[FakeTransformer.Output]);
        Assert.Equal(-1, actual.Position);
        DataViewRowId before = default, after = default;
        int one = 0, two = 0;
        while (expected.MoveNext())
        {
            Assert.True(actual.MoveNext());
            expectedId(ref before);
            actualId(ref after);
            number(ref one);
            doubled(ref two);
            Assert.Equal((expected.Position, before, 2 * one), (actual.Position, after, two));
        }
        Assert.False(actual.MoveNext());
        Assert.Throws<InvalidOperationException>(() => doubled(ref two));
    }

    [Fact]
    public void A_column_that_was_not_asked_for_is_refused()
    {
        IDataView view = new FakeTransformer(ml, 8).Transform(Numbers(3));
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema[FakeTransformer.Input]]);
        Assert.Contains("was not asked for", Assert.Throws<ArgumentException>(() => cursor.GetGetter<int>(view.Schema[FakeTransformer.Output])).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => view.GetRowCursor(view.Schema).GetGetter<float>(view.Schema[FakeTransformer.Output]));
    }

    [Fact]
    public void An_invalid_row_fails_with_its_column_and_row_or_goes_missing_and_is_counted()
    {
        IDataView data = ml.Data.LoadFromEnumerable(new[] { 3, -7, 4, -1 }.Select(number => new NumberRow { Number = number }));
        Assert.Contains("'Number' has -7 in row 1", Assert.Throws<InvalidOperationException>(() => new FakeTransformer(ml, 2).Transform(data).GetColumn<int>(FakeTransformer.Output).ToArray()).Message, StringComparison.Ordinal);
        var warnings = new List<string>();
        ml.Log += (_, entry) =>
        {
            if (entry.Kind == ChannelMessageKind.Warning)
                warnings.Add(entry.RawMessage);
        };
        Assert.Equal([6, -1, 8, -1], new FakeTransformer(ml, 2, InvalidRowHandling.Missing).Transform(data).GetColumn<int>(FakeTransformer.Output));
        string warning = Assert.Single(warnings);
        Assert.Contains("2 rows", warning, StringComparison.Ordinal);
        Assert.Contains("has -7 in row 1", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_mapper_computes_a_row_once()
    {
        var fake = new FakeTransformer(ml, 8);
        IDataView input = Numbers(3);
        using DataViewRowCursor cursor = input.GetRowCursor(input.Schema);
        IRowToRowMapper mapper = ((ITransformer)fake).GetRowToRowMapper(input.Schema);
        Assert.Equal([FakeTransformer.Input], mapper.GetDependencies([mapper.OutputSchema[FakeTransformer.Output]]).Select(column => column.Name));
        using DataViewRow row = mapper.GetRow(cursor, mapper.OutputSchema);
        ValueGetter<int> first = row.GetGetter<int>(mapper.OutputSchema[FakeTransformer.Output]), second = row.GetGetter<int>(mapper.OutputSchema[FakeTransformer.Output]);
        int a = 0, b = 0;
        for (int i = 0; i < 3; i++)
        {
            Assert.True(cursor.MoveNext());
            first(ref a);
            second(ref b);
            Assert.Equal((2 * i, 2 * i), (a, b));
        }
        Assert.Equal([1, 1, 1], fake.Batches);
    }

    [Fact]
    public void Cursors_that_share_the_rows_compute_each_once()
    {
        var fake = new FakeTransformer(ml, 4);
        IDataView view = fake.Transform(ml.Data.Cache(Numbers(50)));
        var seen = new List<int>();
        foreach (DataViewRowCursor cursor in view.GetRowCursorSet(view.Schema, 3))
        {
            using (cursor)
            {
                ValueGetter<int> getter = cursor.GetGetter<int>(view.Schema[FakeTransformer.Output]);
                int value = 0;
                while (cursor.MoveNext())
                {
                    getter(ref value);
                    seen.Add(value);
                }
            }
        }
        Assert.Equal(Enumerable.Range(0, 50).Select(i => 2 * i), seen.Order());
        Assert.Equal(50, fake.Batches.Sum());
    }

    private IDataView Numbers(int count) => ml.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(number => new NumberRow { Number = number }));

    private sealed class NumberRow
    {
        public int Number { get; set; }
    }
}
