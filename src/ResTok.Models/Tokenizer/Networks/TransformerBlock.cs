using ResTok.Models.Layers;
using ResTok.Models.Layers.Kernels;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer.Networks;

/// <summary>A pre-norm transformer block with layer scale: attention, an optional merge of image tokens, and an MLP.</summary>
internal sealed class TransformerBlock
{
    private readonly Parameter attentionScale;
    private readonly Parameter mlpScale;
    private readonly SelfAttention attention;
    private readonly Linear expand;
    private readonly Linear contract;
    private readonly LayerNorm attentionNorm;
    private readonly LayerNorm mlpNorm;

    public TransformerBlock(ParameterScope scope, VitDimensions size)
    {
        attentionScale = scope.Parameter("gamma_1", Initializer.BranchScale, size.Width);
        mlpScale = scope.Parameter("gamma_2", Initializer.BranchScale, size.Width);
        attention = new(scope["attn"], size.Width, size.Heads);
        expand = new(scope["mlp"]["fc1"], size.Width, 4 * size.Width);
        contract = new(scope["mlp"]["fc2"], 4 * size.Width, size.Width);
        attentionNorm = new(scope["norm1"], size.Width);
        mlpNorm = new(scope["norm2"], size.Width);
    }

    /// <param name="x">[B, L, D], of the weights' type or float32.</param>
    /// <param name="rotary">Positions of the L tokens.</param>
    /// <param name="levels">Who sees whom, or null where every token sees every other.</param>
    /// <param name="maps">Takes the attention map where not null.</param>
    /// <param name="merge">Between attention and MLP: [B, L, D] to [B, L', D].</param>
    /// <param name="last">Of how many of the last tokens the result is wanted; null for all.</param>
    /// <returns>[B, L', D], or [B, last, D], of the type of <paramref name="x"/>.</returns>
    public Tensor Forward(Tensor x, RotaryEmbedding rotary, LevelAttention? levels, List<Tensor>? maps, Func<Tensor, Tensor>? merge = null, long? last = null)
    {
        using var scope = NewDisposeScope();
        Tensor stream = last is { } count ? x.narrow(1, x.shape[1] - count, count) : x;
        x = attention.ForwardAdd(attentionNorm.Forward(x), rotary, levels, maps, stream, attentionScale);
        if (merge is not null)
            x = merge(x);
        Tensor hidden = expand.Forward(mlpNorm.Forward(x), Activation.Gelu); // [B, L', 4D]
        return contract.ForwardAdd(hidden, x, mlpScale).MoveToOuterDisposeScope();
    }
}
