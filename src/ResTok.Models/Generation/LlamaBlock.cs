using ResTok.Models.Layers;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Generation;

/// <summary>One block of the generator: attention and a gated feed-forward network, each after a norm and around a residual.</summary>
internal sealed class LlamaBlock
{
    private readonly LlamaAttention attention;
    private readonly Linear gate;
    private readonly Linear up;
    private readonly Linear down;
    private readonly RmsNorm attentionNorm;
    private readonly RmsNorm ffnNorm;

    public LlamaBlock(ParameterScope scope, GeneratorConfig config)
    {
        Initializer initializer = Initializer.Normal(config.InitializerRange);
        attention = new(scope["attention"], config);
        gate = new(scope["feed_forward"]["w1"], config.Width, config.FfnWidth, hasBias: false, initializer);
        up = new(scope["feed_forward"]["w3"], config.Width, config.FfnWidth, hasBias: false, initializer);
        down = new(scope["feed_forward"]["w2"], config.FfnWidth, config.Width, hasBias: false, initializer);
        attentionNorm = new(scope["attention_norm"], config.Width, config.NormEpsilon);
        ffnNorm = new(scope["ffn_norm"], config.Width, config.NormEpsilon);
    }

    /// <inheritdoc cref="LlamaAttention.Forward"/>
    public Tensor Forward(Tensor x, RotaryTable rotary, int start, KeyValueCache? cache, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        Tensor h = x + attention.Forward(attentionNorm.Forward(x), rotary, start, cache, mask);
        Tensor normed = ffnNorm.Forward(h);
        Tensor hidden = nn.functional.silu(gate.Forward(normed)) * up.Forward(normed); // [B, n, F]
        return (h + down.Forward(hidden)).MoveToOuterDisposeScope();
    }
}
