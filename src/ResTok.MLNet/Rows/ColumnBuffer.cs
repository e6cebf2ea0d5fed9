using System.Reflection;
using System.Runtime.ExceptionServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Images;
using ResTok.MLNet.Interop;

namespace ResTok.MLNet.Rows;

/// <summary>The values of one input column for the rows of a batch.</summary>
internal abstract class ColumnBuffer(DataViewSchema.Column column) : IDisposable
{
    public DataViewSchema.Column Column => column;

    /// <summary>Reads the value of the row the source stands at. One that cannot be read is missing.</summary>
    /// <param name="slot">Where to keep it.</param>
    /// <returns>Why it could not be read, or null.</returns>
    /// <exception cref="InvalidOperationException">It could not be read, and values of its type cannot be missing.</exception>
    public abstract Exception? Read(int slot);

    public abstract void Dispose();

    public static ColumnBuffer Create(DataViewRow row, DataViewSchema.Column column, LoadedImageFiles files, int capacity) =>
        (ColumnBuffer)Activator.CreateInstance(typeof(ColumnBuffer<>).MakeGenericType(column.Type.RawType), row, column, files, capacity)!;
}

/// <summary>
/// The buffer owns its values. Who owns a getter's image differs by source (LoadImages disposes the one it is handed, rows from
/// objects hand out the user's own), so images are read through one scratch variable and cloned.
/// </summary>
internal sealed class ColumnBuffer<T>(DataViewRow row, DataViewSchema.Column column, LoadedImageFiles files, int capacity) : ColumnBuffer(column)
{
    private static readonly bool OwnsValues = typeof(IDisposable).IsAssignableFrom(typeof(T));

    private readonly ValueGetter<T> getter = RowFaults.Getter<T>(row, column, files);
    private readonly T[] slots = new T[capacity];
    private readonly Exception?[] faults = new Exception?[capacity];
    private T scratch = default!;

    /// <summary>A slot's value, for who passes it on.</summary>
    public ref T this[int slot] => ref slots[slot];

    /// <summary>A slot's value, for who computes with it: that it could not be read is found as if it were read now.</summary>
    public T Value(int slot)
    {
        if (faults[slot] is { } fault)
            ExceptionDispatchInfo.Throw(fault);
        return slots[slot];
    }

    public override Exception? Read(int slot)
    {
        try
        {
            if (OwnsValues)
            {
                RowFaults.Read(getter, ref scratch);
                (slots[slot] as IDisposable)?.Dispose();
                ValueCopier<T>.Copy(scratch, ref slots[slot]);
            }
            else
            {
                RowFaults.Read(getter, ref slots[slot]);
            }
            return faults[slot] = null;
        }
        catch (Exception fault) when (RowFaults.IsOfRow(fault))
        {
            (slots[slot] as IDisposable)?.Dispose();
            if (!MissingValue.TrySet(Column.Type, ref slots[slot]))
                throw RowFaults.OfStage(new InvalidOperationException(RowFaults.Describe(Column, row.Position, fault), fault));
            return faults[slot] = fault;
        }
    }

    public override void Dispose()
    {
        if (!OwnsValues)
            return;
        foreach (T value in slots)
            (value as IDisposable)?.Dispose();
    }
}

/// <summary>Copies a column's value so that the receiver owns the copy.</summary>
internal static class ValueCopier<T>
{
    public static readonly Copier Copy = Choose();

    public delegate void Copier(in T source, ref T target);

    private static Copier Choose()
    {
        if (typeof(T) == typeof(MLImage))
            return (Copier)(Delegate)new ValueCopier<MLImage>.Copier(CopyImage);
        if (typeof(T).IsGenericType && typeof(T).GetGenericTypeDefinition() == typeof(VBuffer<>))
        {
            MethodInfo copy = typeof(ValueCopier<T>).GetMethod(nameof(CopyVector), BindingFlags.NonPublic | BindingFlags.Static)!;
            return copy.MakeGenericMethod(typeof(T).GetGenericArguments()).CreateDelegate<Copier>();
        }
        return static (in T source, ref T target) => target = source;
    }

    private static void CopyVector<TItem>(in VBuffer<TItem> source, ref VBuffer<TItem> target) => source.CopyTo(ref target);

    // The target is not disposed: PredictionEngine passes the previous prediction's image, which the user may still hold.
    private static void CopyImage(in MLImage source, ref MLImage target) =>
        target = source is null ? null! : ImageFile.Copy(source);
}
