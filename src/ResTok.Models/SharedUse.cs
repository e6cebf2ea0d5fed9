namespace ResTok.Models;

/// <summary>Native memory that several threads use. When it is disposed, calls under way come to their end before it is freed.</summary>
/// <param name="free">Frees it, once.</param>
internal sealed class SharedUse(Action free)
{
    private readonly Lock gate = new();
    private int uses; // calls under way
    private bool isDisposed;

    /// <summary>Keeps the memory until the use ends, even when another thread disposes its owner: a native library would read freed memory.</summary>
    /// <param name="owner">Whose it is, for the exception.</param>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public Use Begin(object owner)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, owner);
            uses++;
        }
        return new(this);
    }

    /// <summary>Frees the memory when no call is under way any more.</summary>
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
        free();
    }

    private void End()
    {
        lock (gate)
        {
            if (--uses > 0 || !isDisposed)
                return;
        }
        free();
    }

    /// <summary>A call under way.</summary>
    internal readonly struct Use(SharedUse shared) : IDisposable
    {
        public void Dispose() => shared.End();
    }
}
