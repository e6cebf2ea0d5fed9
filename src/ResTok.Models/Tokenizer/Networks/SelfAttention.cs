using ResTok.Models.Layers;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer;

/// <summary>Multi-head self-attention with normalised queries and keys and rotary positions.</summary>
internal sealed class Attention
{
    private readonly int heads;
    private readonly Parameter queryBias;
    private readonly Parameter valueBias;
    private readonly Parameter queryKeyValue;
    private readonly LayerNorm queryNorm;
    private readonly LayerNorm keyNorm;
    private readonly Linear project;

    public Attention(ParameterScope scope, int width, int heads)
    {
        this.heads = heads;
        queryBias = scope.Parameter("q_bias", Initializer.Zeros, width);
        valueBias = scope.Parameter("v_bias", Initializer.Zeros, width);
        queryKeyValue = scope["qkv"].Parameter("weight", Initializer.Weight, 3 * width, width);
        queryNorm = new(scope["q_norm"], width / heads);
        keyNorm = new(scope["k_norm"], width / heads);
        project = new(scope["proj"], width, width);
    }

    /// <param name="x">[B, L, D].</param>
    /// <param name="rotary">Positions of the L tokens.</param>
    /// <param name="levels">Who sees whom, or null where every token sees every other.</param>
    /// <param name="maps">Takes this layer's attention map [B, L, L], averaged over heads, where not null.</param>
    /// <param name="last">Of how many of the last tokens the result is wanted; null for all.</param>
    /// <returns>[B, L or last, D].</returns>
    public Tensor Forward(Tensor x, RotaryTable rotary, LevelAttention? levels, List<Tensor>? maps, long? last)
    {
        using var scope = NewDisposeScope();
        Tensor bias = cat([queryBias, zeros_like(queryBias), valueBias]); // keys have none
        Tensor[] qkv = Product.Linear(x, queryKeyValue, bias).unflatten(2, [3, heads, -1]).unbind(2); // 3 × [B, L, heads, head]
        Tensor query = rotary.Apply(queryNorm.Forward(qkv[0])).transpose(1, 2); // [B, heads, L, head]
        Tensor key = rotary.Apply(keyNorm.Forward(qkv[1])).transpose(1, 2);
        Tensor value = qkv[2].transpose(1, 2);
        maps?.Add(Map(query, key, levels?.Mask));
        if (last is { } count)
            query = query.narrow(2, query.shape[2] - count, count);
        Tensor mixed = levels?.Mix(query, key, value) ?? Mix(query, key, value, null);
        return project.Forward(mixed.transpose(1, 2).flatten(2)).MoveToOuterDisposeScope();
    }

    /// <summary>Softmax attention.</summary>
    /// <param name="query">[B, heads, n, head].</param>
    /// <param name="key">[B, heads, L, head].</param>
    /// <param name="value">[B, heads, L, head].</param>
    /// <param name="mask">Additive, broadcast to [B, heads, n, L], or null.</param>
    /// <returns>[B, heads, n, head].</returns>
    public static Tensor Mix(Tensor query, Tensor key, Tensor value, Tensor? mask)
    {
        if (query.dtype != ScalarType.BFloat16 || query.device_type != DeviceType.CPU || is_grad_enabled())
            return nn.functional.scaled_dot_product_attention(query, key, value, mask);
        // On a CPU the fused kernel multiplies bfloat16 no faster than float32; matrix products do.
        using var scope = NewDisposeScope();
        return matmul(softmax(Scores(query, key, mask), -1), value).MoveToOuterDisposeScope();
    }

    private static Tensor Map(Tensor query, Tensor key, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        return softmax(Scores(query, key, mask).to(ScalarType.Float32), -1).mean([1]).DetachFromDisposeScope();
    }

    private static Tensor Scores(Tensor query, Tensor key, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        Tensor scores = matmul(query * Math.Pow(query.shape[^1], -0.5), key.transpose(-2, -1)); // [B, heads, n, L]
        return (mask is null ? scores : InPlace.Add(scores, mask)).MoveToOuterDisposeScope();
    }
}
