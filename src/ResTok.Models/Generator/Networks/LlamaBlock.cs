using ResTok.Models.Layers;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Generator.Networks;

/// <summary>One block of the generator: attention and a gated feed-forward network, each after a norm and around a residual.</summary>
internal sealed class LlamaBlock
{
    private readonly LlamaAttention attention;
    private readonly Linear gate;
    private readonly Linear up;
    private readonly Linear down;
    private readonly RmsNorm attentionNorm;
    private readonly RmsNorm ffnNorm;
    private readonly GeneratorConfig config;
    private readonly double dropPath;

    public LlamaBlock(ParameterScope scope, GeneratorConfig config, int index)
    {
        this.config = config;
        dropPath = config.Layers > 1 ? config.DropPathRate * index / (config.Layers - 1) : 0;
        Initializer initializer = Initializer.Normal(config.InitializerRange);
        attention = new(scope["attention"], config);
        gate = new(scope["feed_forward"]["w1"], config.Width, config.FfnWidth, hasBias: false, initializer);
        up = new(scope["feed_forward"]["w3"], config.Width, config.FfnWidth, hasBias: false, initializer);
        down = new(scope["feed_forward"]["w2"], config.FfnWidth, config.Width, hasBias: false, initializer);
        attentionNorm = new(scope["attention_norm"], config.Width, config.NormEpsilon);
        ffnNorm = new(scope["ffn_norm"], config.Width, config.NormEpsilon);
    }

    /// <inheritdoc cref="LlamaAttention.Forward"/>
    public Tensor Forward(Tensor x, RotaryEmbedding rotary, int start, KeyValueCache? cache, Tensor? mask, DropoutNoise? noise)
    {
        using var scope = NewDisposeScope();
        Tensor attended = attention.Forward(attentionNorm.Forward(x), rotary, start, cache, mask, noise);
        Tensor h = x + Drop(attended, config.ResidualDropout, noise);
        Tensor normed = ffnNorm.Forward(h);
        Tensor hidden = nn.functional.silu(gate.Forward(normed)) * up.Forward(normed); // [B, n, F]
        return (h + Drop(down.Forward(hidden), config.FfnDropout, noise)).MoveToOuterDisposeScope();
    }

    private Tensor Drop(Tensor x, double probability, DropoutNoise? noise) =>
        noise is null ? x : noise.DropSamples(noise.Drop(x, probability), dropPath);
}
