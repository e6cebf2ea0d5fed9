namespace ResTok.Models.Training;

/// <summary>Training cannot go on; the message says why, what is saved and what to do.</summary>
public sealed class TrainingException : InvalidOperationException
{
    internal TrainingException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
