using ResTok.Models.Generator.Networks;
using ResTok.Models.Layers;
using static TorchSharp.torch;

namespace ResTok.Models.Generator.Sampling;

/// <summary>
/// One generation under way. Belongs to one caller, but each pass may run on another thread.
/// </summary>
/// <remarks>
/// With guidance the rows are doubled: first those with their class, then those with the null class. The second half runs up to the last
/// pass that is guided, since that pass attends to its keys of all earlier ones, and not beyond.
/// </remarks>
internal sealed class GenerationRun : IDisposable
{
    private readonly LlamaTransformer transformer;
    private readonly SamplingOptions options;
    private readonly long[] rowIds;
    private readonly int[][] tokens; // of each row, those known so far first
    private readonly GenerationPass[] passes; // those to run
    private readonly double[] scales; // of each of them
    private readonly Tensor classes; // [B], or [2B] with guidance
    private readonly IReadOnlyList<KeyValueCache> caches;
    private int next; // pass
    private int cached; // positions

    /// <param name="transformer">The network.</param>
    /// <param name="request">Valid.</param>
    /// <param name="options">Valid.</param>
    /// <param name="end">Tokens to generate, with the prefix: where a pass ends.</param>
    /// <param name="allScales">The guidance scale of every pass of a whole image.</param>
    public GenerationRun(LlamaTransformer transformer, GenerationRequest request, SamplingOptions options, int end, IReadOnlyList<double> allScales)
    {
        this.transformer = transformer;
        this.options = options;
        int rows = request.Classes.Count, prefix = request.Prefix is [var first, ..] ? first.Count : 0;
        rowIds = [.. request.RowIds ?? [.. Enumerable.Range(0, rows).Select(row => (long)row)]];
        tokens = [.. Enumerable.Range(0, rows).Select(_ => new int[end])];
        for (int row = 0; row < rows && prefix > 0; row++)
            request.Prefix![row].Take(end).ToArray().CopyTo(tokens[row], 0);
        int[] wanted = [.. Enumerable.Range(0, transformer.Layout.Passes.Count).Where(i => transformer.Layout.Passes[i] is var pass && pass.Start >= prefix && pass.End <= end)];
        passes = [.. wanted.Select(i => transformer.Layout.Passes[i])];
        scales = [.. wanted.Select(i => allScales[i])];
        TokenCount = Math.Min(prefix, end);

        bool guided = scales.Any(scale => scale > 1);
        using var scope = NewDisposeScope();
        long[] labels = [.. request.Classes.Select(label => (long)label), .. Enumerable.Repeat((long)transformer.NullClass, guided ? rows : 0)];
        classes = tensor(labels).to(transformer.Device).DetachFromDisposeScope();
        caches = passes.Length == 0 ? [] : transformer.CreateCaches(labels.Length, end);
    }

    /// <summary>Tokens known of each row.</summary>
    public int TokenCount { get; private set; }

    public bool IsComplete => next == passes.Length;

    /// <summary>The state after so many passes.</summary>
    public GenerationStep Step() => new(next, passes.Length, [.. tokens.Select(row => row[..TokenCount])]);

    /// <summary>Runs the next pass. The first one also takes in the prefix.</summary>
    public void RunPass()
    {
        using Tensor logits = Predict();
        Sample(logits);
    }

    /// <summary>The first half of a pass: its guided logits, float32 [B, n, V], which the caller disposes.</summary>
    public Tensor Predict()
    {
        GenerationPass pass = passes[next];
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        int rows = tokens.Length;
        bool doubled = scales.AsSpan(next).ContainsAnyInRange(Math.BitIncrement(1.0), double.PositiveInfinity);
        Tensor known = tensor(tokens.SelectMany(row => row.Take(Math.Max(1, TokenCount)).Select(token => (long)token)).ToArray(), [rows, Math.Max(1, TokenCount)]).to(transformer.Device);
        Tensor logits = doubled
            ? transformer.Forward(classes, cat([known, known]), cached, pass.End, pass.Count, caches)
            : transformer.Forward(classes.narrow(0, 0, rows), known, cached, pass.End, pass.Count, caches);
        Tensor conditional = logits.narrow(0, 0, rows);
        if (scales[next] > 1)
        {
            Tensor unconditional = logits.narrow(0, rows, rows);
            conditional = unconditional + (conditional - unconditional) * scales[next];
        }
        return conditional.DetachFromDisposeScope();
    }

    /// <summary>The second half: draws the pass's tokens.</summary>
    /// <param name="logits">What <see cref="Predict"/> gave.</param>
    public void Sample(Tensor logits)
    {
        GenerationPass pass = passes[next];
        using var scope = NewDisposeScope();
        float[] values = logits.cpu().contiguous().data<float>().ToArray();
        int codes = (int)logits.shape[2];
        Parallel.For(0, tokens.Length * pass.Count, i =>
        {
            (int row, int offset) = Math.DivRem(i, pass.Count);
            int position = pass.Start + offset;
            tokens[row][position] = TokenSampler.Sample(
                values.AsSpan(i * codes, codes), options, new RandomStream(options.Seed, (ulong)rowIds[row], (uint)position));
        });
        cached = TokenCount = pass.End;
        next++;
    }

    public void Dispose()
    {
        classes.Dispose();
        foreach (KeyValueCache cache in caches)
            cache.Dispose();
    }
}
