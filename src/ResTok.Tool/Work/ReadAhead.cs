using System.Threading.Channels;

namespace ResTok.Tool.Work;

/// <summary>Runs a sequence on a thread of its own, some items ahead of whoever reads it.</summary>
internal static class ReadAhead
{
    /// <param name="items">What to run.</param>
    /// <param name="most">How many items may wait.</param>
    /// <param name="drop">Frees an item that nobody will take.</param>
    public static IEnumerable<T> Of<T>(IEnumerable<T> items, int most, Action<T>? drop = null)
    {
        using var ended = new CancellationTokenSource();
        CancellationToken token = ended.Token;
        Channel<T> channel = Channel.CreateBounded<T>(new BoundedChannelOptions(most) { SingleReader = true, SingleWriter = true });
        Task producer = Task.Factory.StartNew(Produce, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            foreach (T item in channel.Reader.ReadAllAsync(CancellationToken.None).ToBlockingEnumerable(CancellationToken.None))
                yield return item;
        }
        finally
        {
            ended.Cancel();
            producer.GetAwaiter().GetResult(); // its fault is the channel's
            while (channel.Reader.TryRead(out T? left))
                drop?.Invoke(left);
        }

        void Produce()
        {
            try
            {
                foreach (T item in items)
                {
                    try
                    {
                        ValueTask written = channel.Writer.WriteAsync(item, token);
                        if (!written.IsCompletedSuccessfully)
                            written.AsTask().GetAwaiter().GetResult();
                    }
                    catch (OperationCanceledException)
                    {
                        drop?.Invoke(item);
                        break;
                    }
                }
                channel.Writer.Complete();
            }
            catch (Exception fault)
            {
                channel.Writer.Complete(fault);
            }
        }
    }
}
