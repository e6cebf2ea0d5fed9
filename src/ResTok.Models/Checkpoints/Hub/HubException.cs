using System.Net;

namespace ResTok.Models.Checkpoints;

/// <summary>A model is unavailable on the hub. The message names the model, the file or the address, and what to do.</summary>
public sealed class HubException : IOException
{
    internal HubException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    /// <summary>What the hub answered, or null where it gave no answer.</summary>
    public HttpStatusCode? StatusCode { get; internal init; }

    /// <summary>Whether the same request may succeed a little later.</summary>
    internal bool IsTransient { get; init; }

    /// <summary>How long the hub wants to be left alone, where it said so.</summary>
    internal TimeSpan? RetryAfter { get; init; }
}
