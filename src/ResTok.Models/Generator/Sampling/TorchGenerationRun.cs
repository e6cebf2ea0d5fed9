using ResTok.Models.Generator.Networks;
using static TorchSharp.torch;

namespace ResTok.Models.Generator.Sampling;

/// <summary>A generation whose logits a <see cref="LlamaTransformer"/> computes.</summary>
internal sealed class TorchGenerationRun : GenerationRun
{
    private readonly LlamaTransformer transformer;
    private readonly Tensor classes; // [B], or [2B] with guidance
    private readonly IReadOnlyList<KeyValueCache> caches;

    /// <inheritdoc cref="GenerationRun(SequenceLayout, GenerationRequest, SamplingOptions, int, IReadOnlyList{double})"/>
    public TorchGenerationRun(LlamaTransformer transformer, GenerationRequest request, SamplingOptions options, int end, IReadOnlyList<double> allScales)
        : base(transformer.Layout, request, options, end, allScales)
    {
        this.transformer = transformer;
        using var scope = NewDisposeScope();
        long[] labels = [.. request.Classes.Select(label => (long)label), .. Enumerable.Repeat((long)transformer.NullClass, IsGuided ? Tokens.Length : 0)];
        classes = tensor(labels).to(transformer.Device).DetachFromDisposeScope();
        caches = IsComplete ? [] : transformer.CreateCaches(labels.Length, end);
    }

    public override void RunPass()
    {
        using Tensor logits = Predict();
        Sample(logits);
    }

    /// <summary>The first half of a pass: its guided logits, float32 [B, n, V], which the caller disposes.</summary>
    public Tensor Predict()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        int rows = Tokens.Length;
        Tensor known = tensor(Tokens.SelectMany(row => row.Take(Math.Max(1, TokenCount)).Select(token => (long)token)).ToArray(), [rows, Math.Max(1, TokenCount)]).to(transformer.Device);
        Tensor logits = IsGuided
            ? transformer.Forward(classes, cat([known, known]), Cached, Pass.End, Pass.Count, caches)
            : transformer.Forward(classes.narrow(0, 0, rows), known, Cached, Pass.End, Pass.Count, caches);
        Tensor conditional = logits.narrow(0, 0, rows);
        if (Scale > 1)
        {
            Tensor unconditional = logits.narrow(0, rows, rows);
            conditional = unconditional + (conditional - unconditional) * Scale;
        }
        return conditional.DetachFromDisposeScope();
    }

    /// <summary>The second half: draws the pass's tokens.</summary>
    /// <param name="logits">What <see cref="Predict"/> gave.</param>
    public void Sample(Tensor logits)
    {
        using var scope = NewDisposeScope();
        Draw(logits.cpu().contiguous().data<float>().ToArray());
    }

    public override void Dispose()
    {
        classes.Dispose();
        foreach (KeyValueCache cache in caches)
            cache.Dispose();
    }
}
