using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training.Losses;

/// <summary>
/// Aligns a tokenizer with a vision foundation model (arXiv 2601.03955, section 3.2; config keys <c>use_vf</c>,
/// <c>decoder_feature_supervision</c>): the mean of the coarsest image tokens with its class token, and what the decoder makes of a
/// feature token with its patches.
/// </summary>
internal sealed class FoundationAlignment : AuxiliaryNetwork
{
    private readonly DinoV3Transformer foundation;
    private readonly double margin;
    private readonly ParameterBlocks blocks;
    private readonly AdamW optimizer;
    private readonly Parameter encoderProjection;
    private readonly Parameter decoderProjection;

    /// <param name="foundation">Taken over.</param>
    /// <param name="source">Where the trained parts start.</param>
    /// <param name="encoderWidth">Features of the encoder's image tokens.</param>
    /// <param name="decoderWidth">Features of the decoder's image tokens.</param>
    /// <param name="options">Margin and optimiser.</param>
    /// <param name="device">Where to compute.</param>
    public FoundationAlignment(
        DinoV3Transformer foundation, IParameterSource source, int encoderWidth, int decoderWidth, TokenizerTrainingOptions options, Device device)
        : base(source, device)
    {
        this.foundation = foundation;
        margin = options.CosineMargin;
        FeatureToken = Root.Parameter("decoder.feat_mask_token", Initializer.Normal(Math.Pow(decoderWidth, -0.5)), 1, 1, decoderWidth);
        encoderProjection = Root["vf_proj"].Parameter("weight", Initializer.Weight, foundation.Width, encoderWidth, 1, 1);
        decoderProjection = Root["vf_proj_dec"].Parameter("weight", Initializer.Weight, foundation.Width, decoderWidth, 1, 1);
        blocks = new(Parameters, AdamW.KindOf);
        optimizer = new(blocks, options);
        foreach (Parameter parameter in Parameters.Values)
            parameter.requires_grad = true;
    }

    /// <summary>Stands in for the decoder's image tokens, [1, 1, D].</summary>
    public Parameter FeatureToken { get; }

    /// <summary>For checkpoints, under the official names.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State() =>
        [.. Parameters.Select(entry => KeyValuePair.Create(entry.Key, (Tensor)entry.Value)), .. optimizer.State];

    /// <param name="images">[B, 3, S, S] in [0, 1].</param>
    /// <param name="coarsest">The encoder's coarsest image tokens, [B, n, D].</param>
    /// <param name="features">The decoder's features, [B, D, g, g].</param>
    /// <returns>The loss, a scalar.</returns>
    public Tensor Forward(Tensor images, Tensor coarsest, Tensor features)
    {
        using var scope = NewDisposeScope();
        (Tensor whole, Tensor patches) = foundation.Forward(images);
        Tensor encoded = nn.functional.linear(coarsest.to(ScalarType.Float32).mean([1]), encoderProjection.flatten(1)); // [B, F]
        Tensor decoded = nn.functional.conv2d(features.to(ScalarType.Float32), decoderProjection); // [B, F, g, g]
        return (Distance(whole, encoded) + Distance(patches, decoded)).MoveToOuterDisposeScope();
    }

    /// <summary>Applies the gradients of the trained parts.</summary>
    public void Step(long step)
    {
        optimizer.Step(step);
        blocks.ClearGradients();
    }

    public override void Dispose()
    {
        optimizer.Dispose();
        blocks.Dispose();
        foundation.Dispose();
        base.Dispose();
    }

    private Tensor Distance(Tensor a, Tensor b) => nn.functional.relu(1 - margin - nn.functional.cosine_similarity(a, b, 1)).mean();
}
