using Microsoft.ML.OnnxRuntime;
using ResTok.MLNet.Onnx.Export;
using ResTok.Models;
using ResTok.Models.Generator.Networks;
using ResTok.Models.Generator.Sampling;

namespace ResTok.MLNet.Onnx.Running;

/// <summary>A generation whose logits ONNX Runtime computes.</summary>
internal sealed class OnnxGenerationRun : GenerationRun
{
    private readonly InferenceSession session;
    private readonly SequenceLayout layout;
    private readonly InputIds ids;
    private readonly IReadOnlyList<int> classes;
    private readonly string[] inputs;
    private readonly string[] outputs;
    private OrtValue[] caches;
    private int rows; // in the caches

    /// <inheritdoc cref="GenerationRun(SequenceLayout, GenerationRequest, SamplingOptions, int, IReadOnlyList{double})"/>
    public OnnxGenerationRun(
        InferenceSession session, GeneratorConfig config, SequenceLayout layout, GenerationRequest request, SamplingOptions options, int end, IReadOnlyList<double> allScales)
        : base(layout, request, options, end, allScales)
    {
        (this.session, this.layout, classes) = (session, layout, request.Classes);
        ids = InputIds.Of(config);
        string[] cacheNames = [.. from layer in Enumerable.Range(0, config.Layers) from what in new[] { "key", "value" } select $"{layer}.{what}"];
        inputs = ["input_ids", "position_ids", .. cacheNames.Select(name => "past_key_values." + name)];
        outputs = ["logits", .. cacheNames.Select(name => "present." + name)];
        rows = IsGuided ? 2 * Tokens.Length : Tokens.Length;
        long[] empty = [rows, config.KeyValueHeads ?? config.Heads, 0, config.Width / config.Heads];
        caches = [.. inputs.Skip(2).Select(name => OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, session.InputMetadata[name].ElementDataType, empty))];
    }

    /// <summary>Sees the guided logits of every pass, for tests: those of each row and position after another.</summary>
    internal Action<float[]>? OnLogits { get; init; }

    public override void RunPass()
    {
        int length = Pass.End - Cached;
        if (rows > Tokens.Length && !IsGuided)
            DropUnconditional();
        using OrtValue inputIds = OrtValue.CreateTensorValueFromMemory(InputsUpTo(Pass.End), [rows, length]);
        using OrtValue positions = OrtValue.CreateTensorValueFromMemory<long>([.. Enumerable.Range(Cached, length)], [length]);
        using var run = new RunOptions();
        IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, inputs, [inputIds, positions, .. caches], outputs);
        DisposeCaches();
        caches = [.. results.Skip(1)];
        using OrtValue logits = results[0];
        Draw(Guided(logits.GetTensorDataAsSpan<float>(), length));
    }

    public override void Dispose() => DisposeCaches();

    /// <summary>What stands at the positions from those cached to before <paramref name="end"/>, of each row.</summary>
    private long[] InputsUpTo(int end)
    {
        int images = Tokens.Length;
        return [.. from row in Enumerable.Range(0, rows)
                   from run in layout.Inputs(Cached, end)
                   from i in Enumerable.Range(run.First, run.Count)
                   select (long)(run.Kind switch
                   {
                       InputKind.Class => row < images ? classes[row] : ids.NullClass!.Value,
                       InputKind.Token => ids.FirstToken + Tokens[row % images][i],
                       _ => ids.FirstSpecial!.Value + i,
                   })];
    }

    /// <summary>The logits of the pass's own positions, of each row after another.</summary>
    private float[] Guided(ReadOnlySpan<float> logits, int length)
    {
        int images = Tokens.Length, codes = logits.Length / (rows * length), ofRow = Pass.Count * codes;
        var guided = new float[images * ofRow];
        for (int row = 0; row < images; row++)
        {
            Span<float> target = guided.AsSpan(row * ofRow, ofRow);
            logits.Slice(((row + 1) * length - Pass.Count) * codes, ofRow).CopyTo(target);
            if (Scale <= 1)
                continue;
            ReadOnlySpan<float> unconditional = logits.Slice(((images + row + 1) * length - Pass.Count) * codes, ofRow);
            for (int i = 0; i < target.Length; i++)
                target[i] = unconditional[i] + (target[i] - unconditional[i]) * (float)Scale;
        }
        OnLogits?.Invoke(guided);
        return guided;
    }

    /// <summary>Keeps the first half of the caches' rows.</summary>
    private void DropUnconditional()
    {
        rows = Tokens.Length;
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
