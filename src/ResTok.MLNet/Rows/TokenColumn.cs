using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Interop;
using ResTok.Models;

namespace ResTok.MLNet.Rows;

/// <summary>A column of tokens: Int32, or keys, where token t is key t + 1.</summary>
internal static class TokenColumn
{
    /// <summary>An output column of the leading <paramref name="count"/> tokens, with slot names like <c>level3.2</c>.</summary>
    public static OutputColumn Create(string name, TokenLevels levels, int count, int codebookSize, bool asKeys)
    {
        ReadOnlyMemory<char>[] names = [.. Enumerable.Range(0, count).Select(position =>
        {
            int level = levels.LevelOf(position);
            return string.Create(CultureInfo.InvariantCulture, $"level{level}.{position - levels.Offsets[level]}").AsMemory();
        })];
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.Add("SlotNames", new VectorDataViewType(TextDataViewType.Instance, count),
            (ref VBuffer<ReadOnlyMemory<char>> value) => value = new(count, names));
        PrimitiveDataViewType item = asKeys ? new KeyDataViewType(typeof(uint), codebookSize) : NumberDataViewType.Int32;
        return new(name, new VectorDataViewType(item, count), annotations.ToAnnotations());
    }

    public static SchemaShape.Column Shape(string name, bool asKeys) => MLNetInternals.VectorShape(
        name, asKeys ? NumberDataViewType.UInt32 : NumberDataViewType.Int32, asKeys,
        MLNetInternals.VectorShape("SlotNames", TextDataViewType.Instance, false));

    /// <summary>A getter of the tokens of a row.</summary>
    /// <param name="count">Tokens of a row.</param>
    /// <param name="asKeys">As in <see cref="Create"/>.</param>
    /// <param name="tokens">All rows' tokens, once the batch has run.</param>
    /// <param name="slot">Gives the row; it also makes sure that the batch has run, so it is called before <paramref name="tokens"/>.</param>
    /// <param name="isMissing">Whether a row's tokens are missing; only keys can be.</param>
    public static Delegate Getter(int count, bool asKeys, Func<long[]> tokens, Func<int> slot, Func<int, bool> isMissing) => asKeys
        ? (ValueGetter<VBuffer<uint>>)((ref VBuffer<uint> value) =>
        {
            int at = slot();
            bool missing = isMissing(at);
            Copy(ref value, tokens().AsSpan(at * count, count), token => missing ? 0 : (uint)token + 1);
        })
        : (ValueGetter<VBuffer<int>>)((ref VBuffer<int> value) => { int at = slot(); Copy(ref value, tokens().AsSpan(at * count, count), token => (int)token); });

    /// <summary>Copies values of a row into a column's value.</summary>
    public static void Copy<TFrom, TTo>(ref VBuffer<TTo> value, ReadOnlySpan<TFrom> from, Func<TFrom, TTo> convert)
    {
        VBufferEditor<TTo> editor = VBufferEditor.Create(ref value, from.Length);
        for (int i = 0; i < from.Length; i++)
            editor.Values[i] = convert(from[i]);
        value = editor.Commit();
    }

    /// <summary>Finds an input column of tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing, of another type, or too long.</exception>
    public static DataViewSchema.Column Find(DataViewSchema schema, string name, int most)
    {
        DataViewSchema.Column column = schema.GetColumnOrNull(name) ?? throw Missing(name);
        if (column.Type is not VectorDataViewType vector || !(vector.ItemType == NumberDataViewType.Int32 || vector.ItemType is KeyDataViewType { RawType: var raw } && raw == typeof(uint)))
            throw WrongType(name, $"{column.Type}");
        return vector.Size <= most ? column : throw new ArgumentOutOfRangeException(
            nameof(schema), $"Column '{name}' has {vector.Size} tokens, but the model takes at most {most}. Use the model that made them.");
    }

    /// <summary>The same check before there is data.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or of another type.</exception>
    public static void Check(IReadOnlyDictionary<string, SchemaShape.Column> columns, string name)
    {
        if (!columns.TryGetValue(name, out SchemaShape.Column column))
            throw Missing(name);
        if (column.Kind == SchemaShape.Column.VectorKind.Scalar
            || !(column.ItemType == NumberDataViewType.Int32 || (column.IsKey && column.ItemType == NumberDataViewType.UInt32)))
            throw WrongType(name, $"{column.Kind} of {column.ItemType}");
    }

    /// <summary>What reads a row's tokens into a list; a missing key is −1.</summary>
    public static Action<List<int>> Reader(IRowSource source, DataViewSchema.Column column) =>
        ((VectorDataViewType)column.Type).ItemType is KeyDataViewType
            ? Reader<uint>(source, column, key => (int)key - 1)
            : Reader<int>(source, column, token => token);

    /// <summary>What is wrong with the tokens of a row, or null if they are all in the codebook.</summary>
    public static string? FaultOf(IReadOnlyList<int> tokens, int codebookSize, string name, long row)
    {
        for (int i = 0; i < tokens.Count; i++)
        {
            if (tokens[i] < 0 || tokens[i] >= codebookSize)
                return $"Column '{name}' has the token {(tokens[i] == -1 ? "-1 (or a missing key)" : tokens[i])} at index {i} of row {row}, but tokens are 0 to {codebookSize - 1}.";
        }
        return null;
    }

    /// <summary>Missing rows need keys: every Int32 is a number that could be a token, or would be taken for one.</summary>
    /// <exception cref="ArgumentException">Missing rows are asked for without keys.</exception>
    public static void CheckMissing(InvalidRowHandling onInvalidRow, bool asKeys)
    {
        if (!Enum.IsDefined(onInvalidRow))
            throw new ArgumentOutOfRangeException("options", onInvalidRow, $"OnInvalidRow must be {nameof(InvalidRowHandling.Fail)} or {nameof(InvalidRowHandling.Missing)}.");
        if (onInvalidRow == InvalidRowHandling.Missing && !asKeys)
            throw new ArgumentException("Int32 tokens cannot be missing. Set TokensAsKeys to true, or OnInvalidRow to Fail.", "options");
    }

    private static Action<List<int>> Reader<T>(IRowSource source, DataViewSchema.Column column, Func<T, int> convert)
    {
        ValueGetter<VBuffer<T>> getter = source.GetGetter<VBuffer<T>>(column);
        VBuffer<T> vector = default;
        return tokens =>
        {
            getter(ref vector);
            tokens.Clear();
            foreach (T item in vector.DenseValues())
                tokens.Add(convert(item));
        };
    }

    private static ArgumentOutOfRangeException Missing(string name) =>
        new("schema", $"There is no column '{name}' of tokens. Encode images into it first, with ResTokEncode.");

    private static ArgumentOutOfRangeException WrongType(string name, string type) =>
        new("schema", $"Column '{name}' must be a vector of Int32 or of keys, but is {type}.");
}
