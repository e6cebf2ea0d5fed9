using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Rows;

namespace ResTok.MLNet.Decoding;

/// <summary>Decodes the tokens of a batch of rows.</summary>
internal sealed class DecodingRunner(
    Action<List<int>> read, ValueGetter<int>? readCount, string columnName, int? tokenCount, ResTokTokenizer model, IHostEnvironment environment,
    InvalidRowHandling onInvalidRow, int capacity) : BatchRunner(environment, model.Weights, onInvalidRow, capacity)
{
    private readonly int all = model.Config.LatentTokens;
    private readonly int side = model.Config.ImageSize;
    private readonly long[] tokens = new long[capacity * model.Config.LatentTokens];
    private readonly int[] counts = [.. Enumerable.Repeat(1, capacity)];
    private readonly List<int> row = [];
    private byte[] pixels = []; // Rgba32 of each slot

    protected override void RunBatch(int count) => pixels = model.Backend(Environment).Decode(tokens.AsMemory(0, count * all), counts[..count]);

    public override Delegate Getter(int output, Func<int> slot) => (ValueGetter<MLImage>)((ref MLImage value) =>
    {
        int at = slot();
        int bytes = 4 * side * side;
        value = IsMissing(at) ? null! : MLImage.CreateFromPixels(side, side, MLPixelFormat.Rgba32, pixels.AsSpan(at * bytes, bytes)); // the reader owns it
    });

    protected override string? ReadRow(int slot, long position)
    {
        read(row);
        if (row.Count < 1 || row.Count > all)
            return $"Column '{columnName}' has {row.Count} tokens in row {position}, but must have 1 to {all}.";
        int count = tokenCount ?? Math.Min(row.Count, model.Config.TestTokens);
        readCount?.Invoke(ref count);
        if (count < 1 || count > row.Count)
            return $"Row {position} is to be decoded from {count} tokens, but column '{columnName}' has {row.Count} there.";
        if (TokenColumn.FaultOf(row, model.Config.CodebookSize, columnName, position) is { } fault)
            return fault;
        tokens.AsSpan(slot * all, all).Clear(); // what is not given is not used either
        for (int i = 0; i < row.Count; i++)
            tokens[slot * all + i] = row[i];
        counts[slot] = count;
        return null;
    }
}
