using ResTok.Models.Layers;
using ResTok.Models.Layers.Kernels;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer.Networks;

/// <summary>Multi-head self-attention with normalised queries and keys and rotary positions.</summary>
internal sealed class SelfAttention
{
    private readonly int heads;
    private readonly Parameter queryBias;
    private readonly Parameter valueBias;
    private readonly Parameter queryKeyValue;
    private readonly LayerNorm queryNorm;
    private readonly LayerNorm keyNorm;
    private readonly Linear project;

    public SelfAttention(ParameterScope scope, int width, int heads)
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
    /// <param name="stream">Of the tokens whose result is wanted, the last ones: what it is added to, [B, n ≤ L, D].</param>
    /// <param name="scale">Of the result before that, [D].</param>
    /// <returns>[B, n, D].</returns>
    public Tensor ForwardAdd(Tensor x, RotaryEmbedding rotary, LevelAttention? levels, List<Tensor>? maps, Tensor stream, Tensor scale)
    {
        using var scope = NewDisposeScope();
        Tensor bias = cat([queryBias, zeros_like(queryBias), valueBias]); // keys have none
        Tensor[] qkv = CpuLinear.Apply(x, queryKeyValue, bias).unflatten(2, [3, heads, -1]).unbind(2); // 3 × [B, L, heads, head]
        Tensor query = rotary.Apply(queryNorm.Forward(qkv[0])).transpose(1, 2); // [B, heads, L, head]
        Tensor key = rotary.Apply(keyNorm.Forward(qkv[1])).transpose(1, 2);
        Tensor value = qkv[2].transpose(1, 2);
        maps?.Add(ScaledDotProduct.Map(query, key, levels?.Mask).DetachFromDisposeScope());
        long count = stream.shape[1];
        query = query.narrow(2, query.shape[2] - count, count);
        Tensor attended = levels?.Attend(query, key, value) ?? ScaledDotProduct.Attend(query, key, value, null, queryKeyValue.dtype);
        return project.ForwardAdd(attended.transpose(1, 2).flatten(2), stream, scale).MoveToOuterDisposeScope();
    }
}
