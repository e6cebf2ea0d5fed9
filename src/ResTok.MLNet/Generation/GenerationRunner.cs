using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Backends;
using ResTok.MLNet.Interop;
using ResTok.MLNet.Rows;
using ResTok.Models;

namespace ResTok.MLNet.Generation;

/// <summary>Generates tokens for the labels of a batch of rows.</summary>
internal sealed class GenerationRunner : BatchRunner
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(5);

    private readonly ResTokGenerator model;
    private readonly ResTokGenerationEstimator.Options options;
    private readonly int tokenCount;
    private readonly int prefixCount; // tokens to keep, or −1 for as many as a row has
    private readonly LabelColumn.Reader readLabel;
    private readonly Func<Int128>? readSeed;
    private readonly Action<List<int>>? readPrefix;
    private readonly ValueGetter<DataViewRowId> readId;
    private readonly int[] labels;
    private readonly long[] streams;
    private readonly List<int>[] prefixes;
    private long[] tokens = [];
    private long images;
    private TimeSpan worked;
    private TimeSpan logged;

    public GenerationRunner(
        IRowSource source, DataViewSchema.Column[] inputs, ResTokGenerator model, IHostEnvironment environment,
        ResTokGenerationEstimator.Options options, int capacity)
        : base(environment, model.Weights, options.OnInvalidRow, capacity)
    {
        this.model = model;
        this.options = options;
        var levels = new TokenLevels(model.Config.Tokens);
        tokenCount = levels.TokensIn(options.Levels ?? levels.Count);
        prefixCount = options.PrefixLevels is { } kept ? levels.TokensIn(kept) : -1;
        readLabel = LabelColumn.CreateReader(source, inputs[0], model.Config);
        readSeed = options.SeedColumnName is null ? null : IntegerColumn.Reader(source, inputs[1]);
        readPrefix = options.PrefixColumnName is null ? null : TokenColumn.Reader(source, inputs[^1]);
        readId = source.GetIdGetter();
        labels = new int[capacity];
        streams = new long[capacity];
        prefixes = [.. Enumerable.Range(0, capacity).Select(_ => new List<int>())];
    }

    protected override void RunBatch(int count)
    {
        long start = Stopwatch.GetTimestamp();
        tokens = new long[count * tokenCount];
        IGeneratorBackend generator = model.Backend(Environment);
        // Rows of one batch share their passes, so they keep equally many tokens.
        foreach (IGrouping<int, int> group in Enumerable.Range(0, count).GroupBy(slot => prefixes[slot].Count))
        {
            int[] slots = [.. group];
            var request = new GenerationRequest([.. slots.Select(slot => labels[slot])])
            {
                RowIds = [.. slots.Select(slot => streams[slot])],
                Prefix = group.Key == 0 ? null : [.. slots.Select(slot => prefixes[slot])],
                Levels = options.Levels,
            };
            IReadOnlyList<IReadOnlyList<int>> generated = generator.Generate(request, options.Sampling, OnStep);
            for (int i = 0; i < slots.Length; i++)
            {
                for (int position = 0; position < tokenCount; position++)
                    tokens[slots[i] * tokenCount + position] = generated[i][position];
            }
        }
        images += count;
        worked += Stopwatch.GetElapsedTime(start);
        if (worked - logged < LogInterval)
            return;
        logged = worked;
        MLNetInternals.LogInfo(Environment, string.Create(CultureInfo.InvariantCulture, $"Generated {images} images, {Rate:0.00} a second."));
    }

    public override Delegate Getter(int output, Func<int> slot) => TokenColumn.Getter(tokenCount, options.TokensAsKeys, () => tokens, slot, IsMissing);

    protected override string? ReadRow(int slot, long position)
    {
        if (readLabel(position, out int label) is { } unknown)
            return unknown;
        labels[slot] = label;
        if (readSeed is not null)
        {
            streams[slot] = unchecked((long)readSeed());
        }
        else
        {
            DataViewRowId id = default;
            readId(ref id);
            streams[slot] = unchecked((long)(id.Low ^ id.High * 0x9E3779B97F4A7C15));
        }
        if (readPrefix is null || ReadPrefix(prefixes[slot], readPrefix, position) is not { } fault)
            return null;
        prefixes[slot].Clear();
        return fault;
    }

    private double Rate => worked > TimeSpan.Zero ? images / worked.TotalSeconds : 0;

    private void OnStep(GenerationStep step) => options.Progress?.Report(new(images, step.Pass, step.Passes, Rate));

    /// <returns>What is wrong with the prefix, or null.</returns>
    private string? ReadPrefix(List<int> prefix, Action<List<int>> read, long position)
    {
        read(prefix);
        if (prefixCount > prefix.Count)
            return $"Column '{options.PrefixColumnName}' has {prefix.Count} tokens in row {position}, but {options.PrefixLevels} levels of {prefixCount} tokens are to be kept.";
        if (prefixCount >= 0)
            prefix.RemoveRange(prefixCount, prefix.Count - prefixCount);
        if (prefix.Count > tokenCount)
            return $"Column '{options.PrefixColumnName}' has {prefix.Count} tokens to keep in row {position}, but only {tokenCount} are generated. Keep fewer with PrefixLevels.";
        return TokenColumn.FaultOf(prefix, model.Config.CodebookSize, options.PrefixColumnName!, position);
    }
}
