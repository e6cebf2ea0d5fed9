using ParquetSharp;

namespace ResTok.MLNet.Tables;

/// <summary>Reads a leaf column of a row group by its levels, which hold whatever a file calls the groups of a list.</summary>
internal static class LeafReader
{
    private const int BatchSize = 8192;

    /// <summary>Reads integers of one a row.</summary>
    public static void Integers(RowGroupReader group, int leaf, Action<long?> add) => Lists(group, leaf, (_, value) =>
    {
        add(value);
        return true;
    });

    /// <summary>Reads texts of one a row.</summary>
    public static void Texts(RowGroupReader group, int leaf, Action<string?> add)
    {
        using var column = (ColumnReader<ByteArray>)group.Column(leaf);
        Read(column, (_, isNull, value) =>
        {
            add(isNull ? null : Text(value));
            return true;
        });
    }

    /// <summary>Reads lists of integers.</summary>
    /// <param name="group">Where.</param>
    /// <param name="leaf">The leaf in the list.</param>
    /// <param name="add">Takes whether a row begins, and the value; null where the row is null or empty, or the value is null. Says whether to go on.</param>
    public static void Lists(RowGroupReader group, int leaf, Func<bool, long?, bool> add)
    {
        using ColumnReader column = group.Column(leaf);
        if (column is ColumnReader<int> narrow)
            Read(narrow, (begins, isNull, value) => add(begins, isNull ? null : value));
        else
            Read((ColumnReader<long>)column, (begins, isNull, value) => add(begins, isNull ? null : value));
    }

    /// <summary>Reads contents of one a row.</summary>
    public static void Bytes(RowGroupReader group, int leaf, Action<byte[]?> add)
    {
        using var column = (ColumnReader<ByteArray>)group.Column(leaf);
        Read(column, (_, isNull, value) =>
        {
            add(isNull ? null : Copy(value));
            return true;
        });
    }

    private static void Read<T>(ColumnReader<T> column, Func<bool, bool, T, bool> add)
        where T : unmanaged
    {
        short highest = column.ColumnDescriptor.MaxDefinitionLevel;
        var definitions = new short[BatchSize];
        var repetitions = new short[BatchSize];
        var values = new T[BatchSize];
        bool isOptional = highest > 0, isRepeated = column.ColumnDescriptor.MaxRepetitionLevel > 0;
        while (column.HasNext)
        {
            long levels = column.ReadBatch(BatchSize, isOptional ? definitions : [], isRepeated ? repetitions : [], values, out long count);
            if (levels == 0 && count == 0)
                break;
            int at = 0;
            for (int i = 0; i < (isOptional ? levels : count); i++)
            {
                bool isNull = isOptional && definitions[i] < highest;
                if (!add(!isRepeated || repetitions[i] == 0, isNull, isNull ? default : values[at++]))
                    return;
            }
        }
    }

    private static unsafe string Text(ByteArray value) => System.Text.Encoding.UTF8.GetString(new ReadOnlySpan<byte>((void*)value.Pointer, value.Length));

    private static unsafe byte[] Copy(ByteArray value) => new ReadOnlySpan<byte>((void*)value.Pointer, value.Length).ToArray();
}
