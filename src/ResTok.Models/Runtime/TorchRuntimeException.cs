namespace ResTok.Models.Runtime;

/// <summary>libtorch, or TorchSharp's bridge to it, cannot be loaded. The message says what is missing and what to do.</summary>
public sealed class TorchRuntimeException : Exception
{
    internal TorchRuntimeException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
