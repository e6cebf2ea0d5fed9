using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResTok.MLNet.Rows;

/// <summary>
/// Computes a transformer's columns for a batch of rows: reads each row's inputs into a numbered slot, runs once, and hands out
/// the results of each slot. Belongs to one cursor or row, so to one thread.
/// </summary>
internal abstract class BatchRunner
{
    /// <summary>Reads the inputs of the row the source stands at.</summary>
    /// <param name="slot">Where to keep them.</param>
    /// <param name="position">The row's position, for messages.</param>
    public abstract void Read(int slot, long position);

    /// <summary>Computes the results of the slots 0 to <paramref name="count"/> − 1.</summary>
    public abstract void Run(int count);

    /// <summary>A getter of an output column's value.</summary>
    /// <param name="output">Index among the transformer's output columns.</param>
    /// <param name="slot">Gives the slot to read from; it also makes sure that the batch has run.</param>
    /// <returns>A <see cref="ValueGetter{TValue}"/> of the column's raw type.</returns>
    public abstract Delegate Getter(int output, Func<int> slot);
}

/// <summary>Where a <see cref="BatchRunner"/> gets its inputs from.</summary>
internal interface IRowSource
{
    ValueGetter<T> GetGetter<T>(DataViewSchema.Column column);

    /// <summary>The id of the row being read, which stays with it however rows are ordered or divided.</summary>
    ValueGetter<DataViewRowId> GetIdGetter();
}
