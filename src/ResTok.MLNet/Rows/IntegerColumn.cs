using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResTok.MLNet.Rows;

/// <summary>A scalar input column of any integer type, or of keys, where key k is the number k − 1 and a missing key is −1.</summary>
internal static class IntegerColumn
{
    private static readonly DataViewType[] Types =
    [
        NumberDataViewType.SByte, NumberDataViewType.Byte, NumberDataViewType.Int16, NumberDataViewType.UInt16,
        NumberDataViewType.Int32, NumberDataViewType.UInt32, NumberDataViewType.Int64, NumberDataViewType.UInt64,
    ];

    /// <exception cref="ArgumentOutOfRangeException">The column is missing or of another type.</exception>
    public static DataViewSchema.Column Find(DataViewSchema schema, string name, string what)
    {
        DataViewSchema.Column column = schema.GetColumnOrNull(name) ?? throw Missing(name, what);
        return column.Type is KeyDataViewType || Types.Contains(column.Type) ? column : throw WrongType(name, what, $"{column.Type}");
    }

    /// <summary>The same check before there is data.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or of another type.</exception>
    public static void Check(IReadOnlyDictionary<string, SchemaShape.Column> columns, string name, string what)
    {
        if (!columns.TryGetValue(name, out SchemaShape.Column column))
            throw Missing(name, what);
        if (column.Kind != SchemaShape.Column.VectorKind.Scalar || !Types.Contains(column.ItemType))
            throw WrongType(name, what, $"{column.Kind} of {column.ItemType}");
    }

    /// <summary>What reads the row's number.</summary>
    public static Func<Int128> Reader(IRowSource source, DataViewSchema.Column column)
    {
        int offset = column.Type is KeyDataViewType ? -1 : 0;
        Type type = column.Type.RawType;
        return type == typeof(sbyte) ? Reader<sbyte>(source, column, offset)
            : type == typeof(byte) ? Reader<byte>(source, column, offset)
            : type == typeof(short) ? Reader<short>(source, column, offset)
            : type == typeof(ushort) ? Reader<ushort>(source, column, offset)
            : type == typeof(int) ? Reader<int>(source, column, offset)
            : type == typeof(uint) ? Reader<uint>(source, column, offset)
            : type == typeof(long) ? Reader<long>(source, column, offset)
            : Reader<ulong>(source, column, offset);
    }

    private static Func<Int128> Reader<T>(IRowSource source, DataViewSchema.Column column, int offset)
        where T : IBinaryInteger<T>
    {
        ValueGetter<T> getter = source.GetGetter<T>(column);
        T value = default!;
        return () =>
        {
            getter(ref value);
            return Int128.CreateChecked(value) + offset;
        };
    }

    private static ArgumentOutOfRangeException Missing(string name, string what) => new("schema", $"There is no column '{name}' of {what}.");

    private static ArgumentOutOfRangeException WrongType(string name, string what, string type) =>
        new("schema", $"Column '{name}' of {what} must be an integer or a key, but is {type}. Convert it first, for instance with ConvertType.");
}
