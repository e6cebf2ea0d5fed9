using Microsoft.ML.OnnxRuntime;
using ResTok.MLNet.Onnx.Export;
using ResTok.Models;
using ResTok.Models.Generator.Networks;
using ResTok.Models.Layers;
using ResTok.Models.Generator.Sampling;

namespace ResTok.MLNet.Onnx.Running;

/// <summary>One generation under way in ONNX Runtime, pass by pass as <c>GenerationRun</c> does it in libtorch.</summary>
/// <remarks>
/// With guidance the rows are doubled: first those with their class, then those with the null class. The second half runs up to the last
/// pass that is guided, since that pass attends to its keys of all earlier ones, and not beyond.
/// </remarks>
internal sealed class OnnxGenerationRun : IDisposable
{
    private readonly InferenceSession session;
    private readonly SequenceLayout layout;
    private readonly InputIds ids;
    private readonly SamplingOptions options;
    private readonly GenerationRequest request;
    private readonly long[] rowIds;
    private readonly int[][] tokens; // of each row, those known so far first
    private readonly GenerationPass[] passes; // those to run
    private readonly double[] scales; // of each of them
    private readonly string[] inputs;
    private readonly string[] outputs;
    private OrtValue[] caches;
    private int rows; // in the caches
    private int next; // pass
    private int cached; // positions

    /// <param name="session">The exported pass.</param>
    /// <param name="config">The generator's.</param>
    /// <param name="request">Valid.</param>
    /// <param name="options">Valid.</param>
    /// <param name="end">Tokens to generate, with the prefix: where a pass ends.</param>
    /// <param name="allScales">The guidance scale of every pass of a whole image; by default the options'.</param>
    public OnnxGenerationRun(InferenceSession session, GeneratorConfig config, GenerationRequest request, SamplingOptions options, int end, IReadOnlyList<double>? allScales = null)
    {
        (this.session, this.request, this.options) = (session, request, options);
        layout = new(config);
        ids = InputIds.Of(config);
        allScales ??= Guidance.Scales(options, layout.Passes);
        int images = request.Classes.Count, prefix = request.Prefix is [var first, ..] ? first.Count : 0;
        rowIds = [.. request.RowIds ?? [.. Enumerable.Range(0, images).Select(row => (long)row)]];
        tokens = [.. Enumerable.Range(0, images).Select(_ => new int[end])];
        for (int row = 0; row < images && prefix > 0; row++)
            request.Prefix![row].Take(end).ToArray().CopyTo(tokens[row], 0);
        int[] wanted = [.. Enumerable.Range(0, layout.Passes.Count).Where(i => layout.Passes[i] is var pass && pass.Start >= prefix && pass.End <= end)];
        passes = [.. wanted.Select(i => layout.Passes[i])];
        scales = [.. wanted.Select(i => allScales[i])];
        TokenCount = Math.Min(prefix, end);

        string[] cacheNames = [.. from layer in Enumerable.Range(0, config.Layers) from what in new[] { "key", "value" } select $"{layer}.{what}"];
        inputs = ["input_ids", "position_ids", .. cacheNames.Select(name => "past_key_values." + name)];
        outputs = ["logits", .. cacheNames.Select(name => "present." + name)];
        rows = scales.Any(scale => scale > 1) ? 2 * images : images;
        long[] empty = [rows, config.KeyValueHeads ?? config.Heads, 0, config.Width / config.Heads];
        caches = [.. inputs.Skip(2).Select(name => OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, session.InputMetadata[name].ElementDataType, empty))];
    }

    /// <summary>Tokens known of each row.</summary>
    public int TokenCount { get; private set; }

    public bool IsComplete => next == passes.Length;

    /// <summary>Sees the guided logits of every pass, for tests: those of each row and position after another.</summary>
    internal Action<float[]>? OnLogits { get; init; }

    /// <summary>The state after so many passes.</summary>
    public GenerationStep Step() => new(next, passes.Length, [.. tokens.Select(row => row[..TokenCount])]);

    /// <summary>Runs the next pass. The first one also takes in the prefix.</summary>
    public void RunPass()
    {
        GenerationPass pass = passes[next];
        int images = tokens.Length, length = pass.End - cached;
        if (rows > images && !scales.AsSpan(next).ContainsAnyInRange(Math.BitIncrement(1.0), double.PositiveInfinity))
            DropUnconditional();
        using OrtValue inputIds = OrtValue.CreateTensorValueFromMemory(InputsUpTo(pass.End), [rows, length]);
        using OrtValue positions = OrtValue.CreateTensorValueFromMemory<long>([.. Enumerable.Range(cached, length)], [length]);
        using var run = new RunOptions();
        IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, inputs, [inputIds, positions, .. caches], outputs);
        DisposeCaches();
        caches = [.. results.Skip(1)];
        using (OrtValue logits = results[0])
            Sample(Guided(logits.GetTensorDataAsSpan<float>(), length, pass, scales[next]), pass);
        cached = TokenCount = pass.End;
        next++;
    }

    public void Dispose() => DisposeCaches();

    /// <summary>What stands at the positions from those cached to before <paramref name="end"/>, of each row.</summary>
    private long[] InputsUpTo(int end)
    {
        int images = tokens.Length;
        return [.. from row in Enumerable.Range(0, rows)
                   from run in layout.Inputs(cached, end)
                   from i in Enumerable.Range(run.First, run.Count)
                   select (long)(run.Kind switch
                   {
                       InputKind.Class => row < images ? request.Classes[row] : ids.NullClass!.Value,
                       InputKind.Token => ids.FirstToken + tokens[row % images][i],
                       _ => ids.FirstSpecial!.Value + i,
                   })];
    }

    /// <summary>The logits of the pass's own positions, of each row after another.</summary>
    private float[] Guided(ReadOnlySpan<float> logits, int length, GenerationPass pass, double scale)
    {
        int images = tokens.Length, codes = logits.Length / (rows * length), ofRow = pass.Count * codes;
        var guided = new float[images * ofRow];
        for (int row = 0; row < images; row++)
        {
            Span<float> target = guided.AsSpan(row * ofRow, ofRow);
            logits.Slice(((row + 1) * length - pass.Count) * codes, ofRow).CopyTo(target);
            if (scale <= 1)
                continue;
            ReadOnlySpan<float> unconditional = logits.Slice(((images + row + 1) * length - pass.Count) * codes, ofRow);
            for (int i = 0; i < target.Length; i++)
                target[i] = unconditional[i] + (target[i] - unconditional[i]) * (float)scale;
        }
        OnLogits?.Invoke(guided);
        return guided;
    }

    private void Sample(float[] logits, GenerationPass pass)
    {
        int codes = logits.Length / (tokens.Length * pass.Count);
        Parallel.For(0, tokens.Length * pass.Count, i =>
        {
            (int row, int offset) = Math.DivRem(i, pass.Count);
            int position = pass.Start + offset;
            tokens[row][position] = TokenSampler.Sample(
                logits.AsSpan(i * codes, codes), options, new RandomStream(options.Seed, (ulong)rowIds[row], (uint)position));
        });
    }

    /// <summary>Keeps the first half of the caches' rows.</summary>
    private void DropUnconditional()
    {
        rows = tokens.Length;
        OrtValue[] halves = [.. caches.Select(cache =>
        {
            OrtTensorTypeAndShapeInfo info = cache.GetTensorTypeAndShape();
            OrtValue half = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, info.ElementDataType, [rows, .. info.Shape[1..]]);
            Span<byte> target = half.GetTensorMutableRawData();
            cache.GetTensorMutableRawData()[..target.Length].CopyTo(target);
            return half;
        })];
        DisposeCaches();
        caches = halves;
    }

    private void DisposeCaches()
    {
        foreach (OrtValue cache in caches)
            cache.Dispose();
        caches = [];
    }
}
