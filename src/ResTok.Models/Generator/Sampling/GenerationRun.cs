using ResTok.Models.Generator.Networks;
using ResTok.Models.Layers;

namespace ResTok.Models.Generator.Sampling;

/// <summary>One generation under way, whatever computes its logits. Belongs to one caller, but each pass may run on another thread.</summary>
/// <remarks>
/// With guidance the rows are doubled: first those with their class, then those with the null class. The second half runs up to the last
/// pass that is guided, since that pass attends to its keys of all earlier ones, and not beyond.
/// </remarks>
internal abstract class GenerationRun : IDisposable
{
    private readonly SamplingOptions options;
    private readonly long[] rowIds;
    private readonly GenerationPass[] passes; // those to run
    private readonly double[] scales; // of each of them
    private int next; // pass

    /// <param name="layout">Of the generator's sequence.</param>
    /// <param name="request">Valid.</param>
    /// <param name="options">Valid.</param>
    /// <param name="end">Tokens to generate, with the prefix: where a pass ends.</param>
    /// <param name="allScales">The guidance scale of every pass of a whole image.</param>
    protected GenerationRun(SequenceLayout layout, GenerationRequest request, SamplingOptions options, int end, IReadOnlyList<double> allScales)
    {
        this.options = options;
        int rows = request.Classes.Count, prefix = request.Prefix is [var first, ..] ? first.Count : 0;
        rowIds = [.. request.RowIds ?? [.. Enumerable.Range(0, rows).Select(row => (long)row)]];
        Tokens = [.. Enumerable.Range(0, rows).Select(_ => new int[end])];
        for (int row = 0; row < rows && prefix > 0; row++)
            request.Prefix![row].Take(end).ToArray().CopyTo(Tokens[row], 0);
        int[] wanted = [.. Enumerable.Range(0, layout.Passes.Count).Where(i => layout.Passes[i] is var pass && pass.Start >= prefix && pass.End <= end)];
        passes = [.. wanted.Select(i => layout.Passes[i])];
        scales = [.. wanted.Select(i => allScales[i])];
        TokenCount = Math.Min(prefix, end);
    }

    /// <summary>Tokens known of each row.</summary>
    public int TokenCount { get; private set; }

    public bool IsComplete => next == passes.Length;

    /// <summary>Of each row, those known so far first.</summary>
    protected int[][] Tokens { get; }

    /// <summary>The next pass.</summary>
    protected GenerationPass Pass => passes[next];

    /// <summary>The guidance scale of the next pass.</summary>
    protected double Scale => scales[next];

    /// <summary>Whether the next pass or one after it is guided.</summary>
    protected bool IsGuided => scales.AsSpan(next).ContainsAnyInRange(Math.BitIncrement(1.0), double.PositiveInfinity);

    /// <summary>Positions that went through the network in passes before.</summary>
    protected int Cached { get; private set; }

    /// <summary>The state after so many passes.</summary>
    public GenerationStep Step() => new(next, passes.Length, [.. Tokens.Select(row => row[..TokenCount])]);

    /// <summary>Runs the next pass. The first one also takes in the prefix.</summary>
    public abstract void RunPass();

    /// <summary>Runs all passes.</summary>
    /// <param name="onStep">Called after each.</param>
    /// <param name="cancellationToken">Looked at before each.</param>
    /// <returns>The state at the end.</returns>
    public GenerationStep Complete(Action<GenerationStep>? onStep, CancellationToken cancellationToken)
    {
        while (!IsComplete)
        {
            cancellationToken.ThrowIfCancellationRequested();
            RunPass();
            onStep?.Invoke(Step());
        }
        return Step();
    }

    public abstract void Dispose();

    /// <summary>Draws the tokens of the next pass, which is done with that.</summary>
    /// <param name="logits">Guided, of each row and position after another.</param>
    protected void Draw(float[] logits)
    {
        GenerationPass pass = Pass;
        int codes = logits.Length / (Tokens.Length * pass.Count);
        Parallel.For(0, Tokens.Length * pass.Count, i =>
        {
            (int row, int offset) = Math.DivRem(i, pass.Count);
            int position = pass.Start + offset;
            Tokens[row][position] = TokenSampler.Sample(
                logits.AsSpan(i * codes, codes), options, new RandomStream(options.Seed, (ulong)rowIds[row], (uint)position));
        });
        Cached = TokenCount = pass.End;
        next++;
    }
}
