using ResTok.Tool.Plans;

namespace ResTok.Tool.Work;

/// <summary>Makes shards, with a model that it holds.</summary>
internal interface IShardWork : IDisposable
{
    /// <param name="shard">Which.</param>
    /// <param name="stream">Gets the shard's file.</param>
    /// <param name="meter">Counts.</param>
    /// <param name="cancellationToken">Ends after the batch under way.</param>
    ShardResult Run(PlanShard shard, Stream stream, RunMeter meter, CancellationToken cancellationToken);
}

/// <summary>A shard that was made.</summary>
/// <param name="Rows">In it.</param>
/// <param name="Invalid">Inputs that could not be used.</param>
internal sealed record ShardResult(long Rows, IReadOnlyList<InvalidInput> Invalid);
