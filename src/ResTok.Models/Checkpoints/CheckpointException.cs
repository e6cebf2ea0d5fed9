namespace ResTok.Models.Checkpoints;

/// <summary>A checkpoint or its configuration cannot be used. The message names the file, the key or place, and what to do.</summary>
public sealed class CheckpointException : IOException
{
    internal CheckpointException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
