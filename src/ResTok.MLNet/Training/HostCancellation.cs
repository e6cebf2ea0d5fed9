using Microsoft.ML.Runtime;
using ResTok.MLNet.Interop;

namespace ResTok.MLNet.Training;

/// <summary>A token that is cancelled by the caller's own or where ML.NET cancels its context, which it does without one.</summary>
internal sealed class HostCancellation : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly Lock gate = new();
    private readonly CancellationTokenSource source;
    private readonly Timer timer;
    private bool isDisposed;

    public HostCancellation(IHostEnvironment environment, CancellationToken cancellationToken)
    {
        source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer = new(_ => Look(environment), null, TimeSpan.Zero, Interval);
    }

    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        timer.Dispose();
        lock (gate) // a look may be under way
        {
            isDisposed = true;
            source.Dispose();
        }
    }

    private void Look(IHostEnvironment environment)
    {
        lock (gate)
        {
            if (!isDisposed && MLNetInternals.IsCanceled(environment))
                source.Cancel();
        }
    }
}
