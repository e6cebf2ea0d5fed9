using Microsoft.ML.OnnxRuntime;

namespace ResTok.MLNet.Onnx.Running;

/// <summary>Sessions that several threads may use. When they are disposed, calls under way come to their end: ONNX Runtime would read freed memory.</summary>
internal sealed class SharedSessions(params IReadOnlyList<InferenceSession> sessions) : IDisposable
{
    private readonly Lock gate = new();
    private int uses;
    private bool isDisposed;

    /// <summary>Keeps the sessions until the use ends.</summary>
    /// <param name="owner">Whose they are, for the exception.</param>
    /// <exception cref="ObjectDisposedException">They were disposed.</exception>
    public Use Begin(object owner)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, owner);
            uses++;
        }
        return new(this);
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (isDisposed)
                return;
            isDisposed = true;
            if (uses > 0)
                return;
        }
        Free();
    }

    private void End()
    {
        lock (gate)
        {
            if (--uses > 0 || !isDisposed)
                return;
        }
        Free();
    }

    private void Free()
    {
        foreach (InferenceSession session in sessions)
            session.Dispose();
    }

    /// <summary>A call under way.</summary>
    public readonly struct Use(SharedSessions sessions) : IDisposable
    {
        public void Dispose() => sessions.End();
    }
}
