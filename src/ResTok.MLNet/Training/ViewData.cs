using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Interop;
using ResTok.MLNet.Rows;
using ResTok.Models.Training;

namespace ResTok.MLNet.Training;

/// <summary>Reads a sample of the row that a cursor stands at.</summary>
/// <param name="row">Its number in the data, for messages.</param>
/// <param name="random">The row's own.</param>
/// <param name="sample">The sample.</param>
/// <returns>What is wrong with the row, or null.</returns>
internal delegate string? SampleReader<T>(long row, Random random, out T sample);

/// <summary>The rows of a data view as samples, shuffled every epoch where the view can.</summary>
/// <param name="environment">Where to log.</param>
/// <param name="view">The data.</param>
/// <param name="columns">The columns to read.</param>
/// <param name="seed">Of the run.</param>
/// <param name="onInvalidRow">Whether a row that cannot be used ends the training or is left out.</param>
/// <param name="open">Makes, for a cursor, what reads samples.</param>
/// <param name="use">What the rows are for, for messages.</param>
internal sealed class ViewData<T>(
    IHostEnvironment environment, IDataView view, DataViewSchema.Column[] columns, long seed, InvalidRowHandling onInvalidRow, Func<IRowSource, SampleReader<T>> open, string use = "training") : ITrainingData<T>
{
    private long reported;

    /// <summary>Where rows that cannot be used are left out, every row is read to know: those too that a run that is resumed skips.</summary>
    public IEnumerable<Lazy<T>> Read(int epoch) => Read(view.CanShuffle ? RandomOf(epoch, -1) : null, row => RandomOf(epoch, row));

    /// <summary>All rows once, unshuffled, without augmentation's chances differing between calls.</summary>
    public List<T> ReadAll() => [.. ReadInOrder()];

    /// <summary>The same, one after the other.</summary>
    public IEnumerable<T> ReadInOrder() => Read(null, row => RandomOf(0, row)).Select(sample => sample.Value);

    private IEnumerable<Lazy<T>> Read(Random? shuffle, Func<long, Random> randomOf)
    {
        var files = new LoadedImageFiles(view);
        using DataViewRowCursor cursor = view.GetRowCursor(columns.Union(files.PathsOf(columns)), shuffle);
        SampleReader<T> read = open(new CursorSource(cursor, files));
        ValueGetter<DataViewRowId> id = cursor.GetIdGetter();
        var invalid = new InvalidRows(environment, onInvalidRow, $"are left out of the {use}");
        long row = 0;
        try
        {
            for (; cursor.MoveNext(); row++)
            {
                Random random = randomOf(row);
                if (onInvalidRow == InvalidRowHandling.Fail)
                    yield return new(() => Sample(random, row, out T sample) ? sample : throw new InvalidOperationException("A row that fails does not go on."));
                else if (Sample(random, row, out T sample))
                    yield return new(() => sample);
            }
            if (row > 0 && invalid.Count == row)
                throw new InvalidOperationException($"None of the {row} rows can be used for the {use}. The first: {invalid.First}");
        }
        finally
        {
            if (invalid.Count > reported) // not every epoch anew
            {
                reported = invalid.Count;
                invalid.Dispose();
            }
        }

        bool Sample(Random random, long position, out T sample)
        {
            long number = NumberOf(id, position);
            Exception? inner = null;
            string? fault;
            try
            {
                fault = read(number, random, out sample);
            }
            catch (Exception thrown) when (RowFaults.IsOfRow(thrown))
            {
                (fault, inner, sample) = ($"Row {number} cannot be read: {thrown.Message}", thrown, default!);
            }
            if (fault is not null)
                invalid.Add(position, fault, inner);
            return fault is null;
        }
    }

    /// <summary>A row's number in the data, also where it is shuffled: views give it as the row's id.</summary>
    private static long NumberOf(ValueGetter<DataViewRowId> getter, long position)
    {
        DataViewRowId id = default;
        getter(ref id);
        return id.High == 0 && id.Low <= long.MaxValue ? (long)id.Low : position;
    }

    private Random RandomOf(int epoch, long row)
    {
        ulong mixed = (ulong)seed * 0x9E3779B97F4A7C15 + (ulong)epoch * 0xBF58476D1CE4E5B9 + (ulong)(row + 1) * 0x94D049BB133111EB;
        mixed ^= mixed >> 32;
        return new((int)(uint)(mixed ^ mixed >> 29));
    }
}
