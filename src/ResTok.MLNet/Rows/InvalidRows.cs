using Microsoft.ML.Runtime;
using ResTok.MLNet.Interop;

namespace ResTok.MLNet.Rows;

/// <summary>What becomes of a cursor's rows that cannot be used: the first ends it, or they are counted and the count is logged.</summary>
/// <param name="environment">Where to log.</param>
/// <param name="handling">Which of the two.</param>
/// <param name="consequence">What such rows come to, for the log.</param>
internal sealed class InvalidRows(IHostEnvironment environment, InvalidRowHandling handling, string consequence = "have missing values") : IDisposable
{
    private long last = -1;

    public long Count { get; private set; }

    /// <summary>What is wrong with the first.</summary>
    public string? First { get; private set; }

    /// <summary>Takes a row that cannot be used; twice the same is one.</summary>
    /// <param name="row">Its position.</param>
    /// <param name="fault">What is wrong with it.</param>
    /// <param name="inner">Where that came from.</param>
    /// <exception cref="InvalidOperationException">Such rows are to fail.</exception>
    public void Add(long row, string fault, Exception? inner = null)
    {
        if (handling == InvalidRowHandling.Fail)
            throw RowFaults.OfStage(new InvalidOperationException(fault, inner));
        if (Count > 0 && row == last)
            return;
        last = row;
        Count++;
        First ??= fault;
    }

    /// <summary>Says how many there were.</summary>
    public void Dispose()
    {
        if (Count > 0)
            MLNetInternals.LogWarning(environment, $"{Count} rows could not be used and {consequence}. The first: {First}");
        Count = 0;
    }
}
