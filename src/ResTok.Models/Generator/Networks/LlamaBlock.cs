using ResTok.Models.Layers;
using ResTok.Models.Layers.Kernels;
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

    /// <inheritdoc cref="LlamaAttention.Attend"/>
    public Tensor Forward(Tensor x, RotaryEmbedding rotary, int start, KeyValueCache? cache, Tensor? mask, DropoutNoise? noise)
    {
        using var scope = NewDisposeScope();
        Tensor attended = attention.Attend(attentionNorm.Forward(x), rotary, start, cache, mask, noise);
        Tensor h = Add(x, attention.Output, attended, config.ResidualDropout, noise);
        Tensor normed = ffnNorm.Forward(h);
        Tensor hidden = up.Forward(normed, factor: gate.Forward(normed, Activation.Silu)); // [B, n, F]
        return Add(h, down, hidden, config.FfnDropout, noise).MoveToOuterDisposeScope();
    }

    /// <summary>Adds a branch's last layer to the stream, with dropout in training.</summary>
    private Tensor Add(Tensor stream, Linear layer, Tensor x, double dropout, DropoutNoise? noise) =>
        noise is null ? layer.ForwardAdd(x, stream) : stream + noise.DropSamples(noise.Drop(layer.Forward(x), dropout), dropPath);
}
