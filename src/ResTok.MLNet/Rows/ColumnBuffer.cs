using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResTok.MLNet.Rows;

/// <summary>The values of one input column for the rows of a batch.</summary>
internal abstract class ColumnBuffer : IDisposable
{
    /// <summary>Reads the value of the row the source stands at.</summary>
    public abstract void Read(int slot);

    public abstract void Dispose();

    public static ColumnBuffer Create(DataViewRow row, DataViewSchema.Column column, int capacity) =>
        (ColumnBuffer)Activator.CreateInstance(typeof(ColumnBuffer<>).MakeGenericType(column.Type.RawType), row, column, capacity)!;
}

/// <summary>
/// The buffer owns its values. Who owns a getter's image differs by source (LoadImages disposes the one it is handed, rows from
/// objects hand out the user's own), so images are read through one scratch variable and cloned.
/// </summary>
internal sealed class ColumnBuffer<T>(DataViewRow row, DataViewSchema.Column column, int capacity) : ColumnBuffer
{
    private static readonly bool OwnsValues = typeof(IDisposable).IsAssignableFrom(typeof(T));

    private readonly ValueGetter<T> getter = row.GetGetter<T>(column);
    private readonly T[] slots = new T[capacity];
    private T scratch = default!;

    public ref T this[int slot] => ref slots[slot];

    public override void Read(int slot)
    {
        if (!OwnsValues)
        {
            getter(ref slots[slot]);
            return;
        }
        getter(ref scratch);
        (slots[slot] as IDisposable)?.Dispose();
        ValueCopier<T>.Copy(scratch, ref slots[slot]);
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
        target = source is null ? null! : MLImage.CreateFromPixels(source.Width, source.Height, source.PixelFormat, source.Pixels);
}
