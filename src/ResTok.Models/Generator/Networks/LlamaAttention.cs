using ResTok.Models.Layers;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Generator.Networks;

/// <summary>Self-attention with rotary positions and, where configured, fewer heads of keys and values than of queries.</summary>
internal sealed class LlamaAttention
{
    private readonly int heads;
    private readonly int keyValueHeads;
    private readonly double dropout;
    private readonly Linear queryKeyValue;

    public LlamaAttention(ParameterScope scope, GeneratorConfig config)
    {
        heads = config.Heads;
        keyValueHeads = config.KeyValueHeads ?? config.Heads;
        dropout = config.AttentionDropout;
        int headWidth = config.Width / heads;
        Initializer initializer = Initializer.Normal(config.InitializerRange);
        queryKeyValue = new(scope["wqkv"], config.Width, (heads + 2 * keyValueHeads) * headWidth, hasBias: false, initializer);
        Output = new(scope["wo"], config.Width, config.Width, hasBias: false, initializer);
    }

    /// <summary>The layer that what was attended to goes through.</summary>
    public Linear Output { get; }

    /// <param name="x">[B, n, D].</param>
    /// <param name="rotary">All positions of the sequence.</param>
    /// <param name="start">The position of the first of the n.</param>
    /// <param name="cache">Holds the positions before <paramref name="start"/>, or null where there are none and none follow.</param>
    /// <param name="mask">Additive [n, start + n], or null where all n see each other and all before.</param>
    /// <param name="noise">Dropout, in training.</param>
    /// <returns>What was attended to, [B, n, D], before <see cref="Output"/>.</returns>
    public Tensor Attend(Tensor x, RotaryEmbedding rotary, int start, KeyValueCache? cache, Tensor? mask, DropoutNoise? noise)
    {
        using var scope = NewDisposeScope();
        Tensor all = queryKeyValue.Forward(x).unflatten(2, [heads + 2 * keyValueHeads, -1]); // [B, n, heads, head]
        Tensor query = rotary.Apply(all.narrow(2, 0, heads), start).transpose(1, 2);
        Tensor key = rotary.Apply(all.narrow(2, heads, keyValueHeads), start).transpose(1, 2);
        Tensor value = all.narrow(2, heads + keyValueHeads, keyValueHeads).transpose(1, 2);
        if (cache is not null)
            (key, value) = cache.Append(start, key, value); // [B, heads, start + n, head]
        if (keyValueHeads != heads)
            (key, value) = (Repeat(key), Repeat(value));
        Tensor attended = noise is null || dropout == 0
            ? ScaledDotProduct.Attend(query, key, value, mask)
            : ScaledDotProduct.Attend(query, key, value, mask, noise, dropout);
        return attended.transpose(1, 2).flatten(2).MoveToOuterDisposeScope();
    }

    private Tensor Repeat(Tensor x) => x.repeat_interleave(heads / keyValueHeads, dim: 1);
}
