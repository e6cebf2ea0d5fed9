using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace ResTok.MLNet.Rows;

/// <summary>
/// Computes a transformer's columns for a batch of rows: reads each row's inputs into a numbered slot, runs once, and hands out
/// the results of each slot. Belongs to one cursor or row, so to one thread.
/// </summary>
/// <param name="environment">Where to log.</param>
/// <param name="weights">What computes; null where no model does.</param>
/// <param name="onInvalidRow">What to do with rows that cannot be used.</param>
/// <param name="capacity">Slots.</param>
internal abstract class BatchRunner(IHostEnvironment environment, SharedWeights? weights, InvalidRowHandling onInvalidRow, int capacity) : IDisposable
{
    private readonly bool[] missing = new bool[capacity];
    private readonly InvalidRows invalid = new(environment, onInvalidRow);

    /// <summary>Reads the inputs of the row the source stands at.</summary>
    /// <param name="slot">Where to keep them.</param>
    /// <param name="position">The row's position, for messages.</param>
    /// <param name="unreadable">What is wrong with columns that are only passed on, or null.</param>
    /// <exception cref="InvalidOperationException">The row cannot be used, and such rows are to fail.</exception>
    public void Read(int slot, long position, string? unreadable = null)
    {
        string? fault;
        Exception? inner = null;
        try
        {
            fault = ReadRow(slot, position);
        }
        catch (Exception thrown) when (RowFaults.IsOfRow(thrown))
        {
            (fault, inner) = ($"Row {position} cannot be read: {thrown.Message}", thrown);
        }
        missing[slot] = fault is not null;
        if ((fault ?? unreadable) is { } what)
            invalid.Add(position, what, inner);
    }

    /// <summary>Computes the results of the slots 0 to <paramref name="count"/> − 1; those of missing rows may be anything.</summary>
    /// <exception cref="InvalidOperationException">The device fails, and the CPU must not take over.</exception>
    public void Run(int count)
    {
        try
        {
            if (weights is null)
                RunBatch(count);
            else
                DeviceFaults.Run(Environment, weights, count, RunBatch);
        }
        catch (Exception fault)
        {
            RowFaults.OfStage(fault);
            throw;
        }
    }

    /// <summary>A getter of an output column's value.</summary>
    /// <param name="output">Index among the transformer's output columns.</param>
    /// <param name="slot">Gives the slot to read from; it also makes sure that the batch has run.</param>
    /// <returns>A <see cref="ValueGetter{TValue}"/> of the column's raw type.</returns>
    public abstract Delegate Getter(int output, Func<int> slot);

    protected IHostEnvironment Environment { get; } = environment;

    /// <summary>Says how many rows could not be used.</summary>
    public virtual void Dispose() => invalid.Dispose();

    /// <summary>As <see cref="Run"/>, on whatever device the model is; called again, also with fewer slots, where that failed.</summary>
    protected abstract void RunBatch(int count);

    /// <summary>Reads a row's inputs into a slot. Where they are not valid, the slot keeps or gets ones that the network can run on.</summary>
    /// <returns>What is wrong with the row, with column, row and value; null if nothing.</returns>
    protected abstract string? ReadRow(int slot, long position);

    /// <summary>Whether the row in a slot gets missing values.</summary>
    protected bool IsMissing(int slot) => missing[slot];
}
