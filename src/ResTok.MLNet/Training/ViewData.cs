using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.MLNet.Rows;
using ResTok.Models.Training;

namespace ResTok.MLNet.Training;

/// <summary>The rows of a data view as samples, shuffled every epoch where the view can.</summary>
/// <param name="view">The data.</param>
/// <param name="columns">The columns to read.</param>
/// <param name="seed">Of the run.</param>
/// <param name="open">Makes, for a cursor, what reads a sample of the row it stands at. The random numbers are the row's own.</param>
internal sealed class ViewData<T>(
    IDataView view, DataViewSchema.Column[] columns, long seed, Func<IRowSource, Func<Random, T>> open) : ITrainingData<T>
{
    public IEnumerable<Lazy<T>> Read(int epoch)
    {
        using DataViewRowCursor cursor = view.GetRowCursor(columns, view.CanShuffle ? RandomOf(epoch, -1) : null);
        Func<Random, T> read = open(new CursorSource(cursor));
        for (long row = 0; cursor.MoveNext(); row++)
        {
            Random random = RandomOf(epoch, row);
            yield return new(() => read(random));
        }
    }

    /// <summary>All rows once, unshuffled, without augmentation's chances differing between calls.</summary>
    public List<T> ReadAll()
    {
        using DataViewRowCursor cursor = view.GetRowCursor(columns);
        Func<Random, T> read = open(new CursorSource(cursor));
        var all = new List<T>();
        while (cursor.MoveNext())
            all.Add(read(RandomOf(0, all.Count)));
        return all;
    }

    private Random RandomOf(int epoch, long row)
    {
        ulong mixed = (ulong)seed * 0x9E3779B97F4A7C15 + (ulong)epoch * 0xBF58476D1CE4E5B9 + (ulong)(row + 1) * 0x94D049BB133111EB;
        mixed ^= mixed >> 32;
        return new((int)(uint)(mixed ^ mixed >> 29));
    }

    private sealed class CursorSource(DataViewRowCursor cursor) : IRowSource
    {
        public ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => cursor.GetGetter<TValue>(column);

        public ValueGetter<DataViewRowId> GetIdGetter() => cursor.GetIdGetter();
    }
}
