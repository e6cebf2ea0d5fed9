using System.Runtime.InteropServices;

namespace ResTok.Tool.CommandLine;

/// <summary>SIGTERM and Ctrl-C as a token: the first ends after the batch under way, a second Ctrl-C at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly PosixSignalRegistration[] registrations;

    public StopSignals() =>
        registrations = [PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop), PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop)];

    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in registrations)
            registration.Dispose();
        source.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = context.Signal == PosixSignal.SIGTERM || !source.IsCancellationRequested;
        source.Cancel();
    }
}
