using Microsoft.ML;
using ResTok.MLNet.Interop;

namespace ResTok.MLNet;

/// <summary>Stopping all that an <see cref="MLContext"/> does.</summary>
public static class ContextCancellation
{
    /// <summary>
    /// Stops a context's work when a token is cancelled: the ResTok stages before their next batch, the ResTok trainers at the next
    /// step, and ML.NET's trainers, those of Microsoft.ML.TorchSharp
    /// among them, wherever they ask their context. What was stopped throws <see cref="OperationCanceledException"/>.
    /// </summary>
    /// <param name="context">A context that was cancelled stays so: take a new one to go on.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Dispose it where the token outlives the work.</returns>
    /// <example>
    /// <code>
    /// using var twoHours = new CancellationTokenSource(TimeSpan.FromHours(2));
    /// using (ml.CancelWith(twoHours.Token))
    ///     ml.Transforms.ResTokEncode("Tokens", "Image", restok).Fit(data);
    /// </code>
    /// </example>
    public static CancellationTokenRegistration CancelWith(this MLContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return cancellationToken.Register(() => MLNetInternals.Cancel(context));
    }
}
