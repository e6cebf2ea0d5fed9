using ResTok.MLNet;
using ResTok.MLNet.Tables;
using ResTok.Models;
using ResTok.Tool.Inputs;
using ResTok.Tool.Models;
using ResTok.Tool.Plans;

namespace ResTok.Tool.Work;

/// <summary>Makes token tables of images, decoding them on so many threads. Disposes the tokenizer.</summary>
internal sealed class EncodingWork(Plan plan, ImageTokenizer tokenizer, int decoders, Func<PlanShard, IImageSource> open) : IShardWork
{
    private readonly bool scaledDecoding = plan.Views is { ScaledDecoding: true };
    private readonly IImageViews views = (plan.Views ?? ImageViews.Encoding).For(tokenizer.Config.CropSize);

    /// <summary>Of the squares that the model sees, in pixels.</summary>
    public int Side => views.Side;

    private string Preprocessing => scaledDecoding ? $"JPEG decoded at 1/2, 1/4 or 1/8 where that is enough, {views.Description}" : views.Description;

    public ShardResult Run(PlanShard shard, Stream stream, RunMeter meter, CancellationToken cancellationToken) =>
        Run(open(shard).Read(), stream, meter, cancellationToken);

    /// <summary>Makes one table.</summary>
    public ShardResult Run(IEnumerable<InputImage> images, Stream stream, RunMeter meter, CancellationToken cancellationToken)
    {
        using var writer = new TokenTableWriter(stream, tokenizer.Config.LatentTokens, plan.MetadataOf(tokenizer.Config.CodebookSize, tokenizer.Config.ToJson(), Preprocessing));
        List<InvalidInput> invalid = Encode(images, writer.Add, meter, cancellationToken);
        writer.Complete();
        return new(writer.Count, invalid);
    }

    /// <summary>Encodes to any sink.</summary>
    public List<InvalidInput> Encode(IEnumerable<InputImage> images, TokenSink sink, RunMeter meter, CancellationToken cancellationToken) =>
        new EncodingRun(tokenizer, views, scaledDecoding, plan.BatchSize, decoders, plan.FailOnInvalid, meter).Run(images, sink, cancellationToken);

    public void Dispose() => tokenizer.Dispose();
}
