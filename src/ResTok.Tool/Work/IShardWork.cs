using ResTok.Tool.Plans;

namespace ResTok.Tool.Work;

/// <summary>Makes shards, with a model that it holds.</summary>
internal interface IShardWork : IDisposable
{
    /// <summary>Makes a shard's file; the token stops it after the batch under way.</summary>
    ShardResult Run(PlanShard shard, Stream stream, RunMeter meter, CancellationToken cancellationToken);
}

/// <summary>A shard that was made: the rows in it, and the inputs that could not be used.</summary>
internal sealed record ShardResult(long Rows, IReadOnlyList<InvalidInput> Invalid);
