namespace ResTok.Models.Training;

/// <summary>All epochs of the data one after another, from a position on.</summary>
internal sealed class SampleStream<T> : IDisposable
{
    private readonly ITrainingData<T> data;
    private IEnumerator<Lazy<T>>? samples;

    public SampleStream(ITrainingData<T> data, int epoch = 0, long offset = 0)
    {
        this.data = data;
        Epoch = epoch;
        for (long i = 0; i < offset; i++)
            Advance();
    }

    /// <summary>The epoch of the next sample, unless that begins the next one.</summary>
    public int Epoch { get; private set; }

    /// <summary>Samples of this epoch already taken.</summary>
    public long Offset { get; private set; }

    /// <exception cref="InvalidOperationException">There is no data.</exception>
    public T[] Take(int count)
    {
        var batch = new T[count];
        for (int i = 0; i < count; i++)
            batch[i] = Advance().Value;
        return batch;
    }

    public void Dispose() => samples?.Dispose();

    private Lazy<T> Advance()
    {
        samples ??= data.Read(Epoch).GetEnumerator();
        if (!samples.MoveNext())
        {
            if (Offset == 0)
                throw new InvalidOperationException("There is nothing to train on: the data has no rows.");
            samples.Dispose();
            Offset = 0;
            samples = data.Read(++Epoch).GetEnumerator();
            if (!samples.MoveNext())
                throw new InvalidOperationException($"The data had rows in epoch {Epoch - 1} and has none in epoch {Epoch}.");
        }
        Offset++;
        return samples.Current;
    }
}
