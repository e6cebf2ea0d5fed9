using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Rows;

namespace ResTok.MLNet.Tables;

/// <summary>
/// Walks through a token table, group of rows by group of rows. Shuffled, the groups of all files come in random order, a few at a time,
/// and their rows in random order. A row's id is its number in the table either way.
/// </summary>
internal sealed class TokenTableCursor : DataViewRowCursor
{
    private const int ShuffledGroups = 8; // at a time

    private readonly TokenTableFiles table;
    private readonly bool[] active;
    private readonly TokenTableColumns wanted;
    private readonly Random? random;
    private readonly (int File, int Group, long FirstRow)[] groups;
    private readonly TokenRows rows = new();
    private readonly List<long> numbers = []; // of the rows in memory
    private int[] order = [];
    private int nextGroup;
    private int at = -1;
    private long position = -1;
    private TokenTableFile.Reading? reading;
    private int openFile = -1;

    public TokenTableCursor(TokenTableFiles table, DataViewSchema schema, IEnumerable<DataViewSchema.Column> columnsNeeded, Random? random)
    {
        this.table = table;
        this.random = random;
        Schema = schema;
        active = new bool[schema.Count];
        foreach (DataViewSchema.Column column in columnsNeeded)
        {
            active[column.Index] = true;
            wanted |= column.Name switch
            {
                "Id" => TokenTableColumns.Ids,
                "Label" => TokenTableColumns.Labels,
                "View" => TokenTableColumns.Views,
                _ => TokenTableColumns.Tokens,
            };
        }
        groups = [.. Groups(table)];
        if (random is not null)
            random.Shuffle(groups);
    }

    public override DataViewSchema Schema { get; }

    public override long Position => position;

    public override long Batch => 0;

    public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];

    public override bool MoveNext()
    {
        while (++at >= order.Length)
        {
            if (nextGroup >= groups.Length)
            {
                (at, position) = (order.Length, -1);
                return false;
            }
            ReadGroups(random is null ? 1 : ShuffledGroups);
            at = -1;
        }
        position++;
        return true;
    }

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = new((ulong)numbers[Row()], 0);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        Columns.CheckActive(active, column);
        int count = table.TokensPerRow;
        Delegate getter = column.Name switch
        {
            "Id" => (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> value) => value = rows.Ids[Row()].AsMemory()),
            "Label" => (ValueGetter<int>)((ref int value) => value = rows.Labels[Row()] ?? throw new InvalidOperationException(
                $"Row {numbers[Row()]} of the token table has no label ({nameof(TokenTableOptions.LabelField)}), though others have. Leave it out, or give it one.")),
            "View" => (ValueGetter<int>)((ref int value) => value = rows.Views[Row()]),
            _ => (ValueGetter<VBuffer<int>>)((ref VBuffer<int> value) =>
            {
                VBufferEditor<int> editor = VBufferEditor.Create(ref value, count);
                CollectionsMarshal.AsSpan(rows.Tokens).Slice(Row() * count, count).CopyTo(editor.Values);
                value = editor.Commit();
            }),
        };
        return Columns.Typed<TValue>(getter, column);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            reading?.Dispose();
        reading = null;
        base.Dispose(disposing);
    }

    private static IEnumerable<(int File, int Group, long FirstRow)> Groups(TokenTableFiles table)
    {
        long row = 0;
        for (int file = 0; file < table.Files.Count; file++)
        {
            for (int group = 0; group < table.Files[file].GroupRows.Count; group++)
            {
                yield return (file, group, row);
                row += table.Files[file].GroupRows[group];
            }
        }
    }

    private void ReadGroups(int most)
    {
        rows.Clear();
        numbers.Clear();
        for (int i = 0; i < most && nextGroup < groups.Length; i++)
        {
            (int file, int group, long firstRow) = groups[nextGroup++];
            if (openFile != file)
            {
                reading?.Dispose();
                reading = null;
                reading = table.Files[file].Open();
                openFile = file;
            }
            if (wanted != TokenTableColumns.None)
                table.Files[file].Read(reading!, group, rows, wanted);
            for (int row = 0; row < table.Files[file].GroupRows[group]; row++)
                numbers.Add(firstRow + row);
        }
        order = [.. Enumerable.Range(0, numbers.Count)];
        random?.Shuffle(order);
    }

    private int Row() => at >= 0 && at < order.Length ? order[at] : throw new InvalidOperationException("The cursor stands at no row.");
}
