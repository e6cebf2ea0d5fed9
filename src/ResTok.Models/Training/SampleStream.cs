namespace ResTok.Models.Training;

/// <summary>All epochs of the data one after another, from a position on. While a batch is used, the next one is read.</summary>
internal sealed class SampleStream<T> : IDisposable
{
    private readonly ITrainingData<T> data;
    private IEnumerator<Lazy<T>>? samples;
    private Task<Batch>? next;
    private int epoch;
    private long offset;

    public SampleStream(ITrainingData<T> data, int epoch = 0, long offset = 0)
    {
        this.data = data;
        Epoch = this.epoch = epoch;
        for (long i = 0; i < offset; i++)
            Advance();
        Offset = this.offset;
    }

    /// <summary>The epoch of the next sample, unless that begins the next one.</summary>
    public int Epoch { get; private set; }

    /// <summary>Samples of this epoch already taken.</summary>
    public long Offset { get; private set; }

    /// <exception cref="InvalidOperationException">There is no data.</exception>
    public T[] Take(int count)
    {
        Batch batch = next is null ? Read(count) : next.GetAwaiter().GetResult();
        next = null;
        if (batch.Samples.Length != count)
            throw new InvalidOperationException($"Batches of one stream are of one size: {batch.Samples.Length}, not {count}.");
        (Epoch, Offset) = (batch.Epoch, batch.Offset);
        next = Task.Run(() => Read(count));
        return batch.Samples;
    }

    public void Dispose()
    {
        if (next is not null)
            ((IAsyncResult)next).AsyncWaitHandle.WaitOne(); // whatever it found is of no interest any more
        _ = next?.Exception;
        samples?.Dispose();
    }

    private Batch Read(int count)
    {
        var batch = new T[count];
        for (int i = 0; i < count; i++)
            batch[i] = Advance().Value;
        return new(batch, epoch, offset);
    }

    private Lazy<T> Advance()
    {
        samples ??= data.Read(epoch).GetEnumerator();
        if (!samples.MoveNext())
        {
            if (offset == 0)
                throw new InvalidOperationException("There is nothing to train on: the data has no rows.");
            samples.Dispose();
            offset = 0;
            samples = data.Read(++epoch).GetEnumerator();
            if (!samples.MoveNext())
                throw new InvalidOperationException($"The data had rows in epoch {epoch - 1} and has none in epoch {epoch}.");
        }
        offset++;
        return samples.Current;
    }

    /// <param name="Samples">In order.</param>
    /// <param name="Epoch">Of the last of them.</param>
    /// <param name="Offset">Samples of that epoch up to it.</param>
    private sealed record Batch(T[] Samples, int Epoch, long Offset);
}
