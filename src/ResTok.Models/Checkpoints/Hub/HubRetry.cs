using Polly;
using Polly.Retry;

namespace ResTok.Models.Checkpoints;

/// <summary>Tries again what may succeed a little later, after 1, 2, 4, … seconds more or less, or when the hub says.</summary>
internal static class HubRetry
{
    /// <summary>After the first attempt.</summary>
    public const int MaxAttempts = 5;

    public static ResiliencePipeline Create(TimeProvider time) => new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new()
        {
            ShouldHandle = new PredicateBuilder().Handle<HubException>(fault => fault.IsTransient),
            MaxRetryAttempts = MaxAttempts,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromSeconds(1),
            MaxDelay = TimeSpan.FromSeconds(30),
            DelayGenerator = attempt => new((attempt.Outcome.Exception as HubException)?.RetryAfter),
        })
        .Build();
}
