using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer.Networks;

/// <summary>The codebook: nearest entry of each latent, in float32 whatever the model's precision (reference <c>VectorQuantizer</c>).</summary>
internal sealed class VectorQuantizer(ParameterScope scope, TokenizerConfig config)
{
    /// <summary>The entries, [K, C].</summary>
    public Parameter Codebook { get; } = scope["embedding"].Parameter(
        "weight", Initializer.Uniform(1.0 / config.CodebookSize), config.CodebookSize, config.TokenSize);

    /// <summary>Whether the entropy loss has a weight.</summary>
    public bool HasEntropyLoss => config.EntropyLossRatio > 0;

    /// <summary>Finds the entry nearest to each latent.</summary>
    /// <param name="latents">[B, C, 1, N].</param>
    /// <returns>All results; the caller disposes them.</returns>
    public Quantization Quantize(Tensor latents)
    {
        using var scope = NewDisposeScope();
        Tensor z = Normalize(latents.to(ScalarType.Float32).squeeze(2).transpose(1, 2).contiguous()); // [B, N, C]
        Tensor codes = Normalize(Codebook); // [K, C]
        Tensor distances = Distances(z.flatten(0, 1), codes); // [B·N, K]
        Tensor tokens = distances.argmin(1).view(z.shape[0], z.shape[1]); // [B, N]
        Tensor chosen = Select(codes, tokens); // [B, N, C]
        Tensor quantized = (z + (chosen - z).detach()).transpose(1, 2).unsqueeze(2).contiguous(); // straight through
        return new(tokens.MoveToOuterDisposeScope(), quantized.MoveToOuterDisposeScope(), z.MoveToOuterDisposeScope(),
            chosen.MoveToOuterDisposeScope(), distances.MoveToOuterDisposeScope());
    }

    /// <summary>The codes of tokens [B, n], as latents [B, C, 1, n].</summary>
    public Tensor Lookup(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        return Normalize(Select(Codebook, tokens)).transpose(1, 2).unsqueeze(2).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The training losses as scalars: the weighted commitment loss, the codebook loss, the weighted entropy loss, and their sum.
    /// </summary>
    public (Tensor Total, Tensor Commitment, Tensor Codebook, Tensor Entropy) Losses(Quantization result)
    {
        using var scope = NewDisposeScope();
        Tensor commitment = config.CommitmentCost * (result.Codes.detach() - result.Latents).pow(2).mean();
        Tensor codebookLoss = (result.Codes - result.Latents.detach()).pow(2).mean();
        Tensor entropy = config.EntropyLossRatio == 0 ? zeros_like(commitment) : config.EntropyLossRatio * Entropy(result.Distances);
        Tensor total = commitment + codebookLoss + entropy;
        return (total.MoveToOuterDisposeScope(), commitment.MoveToOuterDisposeScope(),
            codebookLoss.MoveToOuterDisposeScope(), entropy.MoveToOuterDisposeScope());
    }

    /// <summary>The same as numbers.</summary>
    public QuantizerLosses LossValues(Quantization result)
    {
        using var scope = NewDisposeScope();
        (Tensor total, Tensor commitment, Tensor codebook, Tensor entropy) = Losses(result);
        return new(total.item<float>(), commitment.item<float>(), codebook.item<float>(), entropy.item<float>());
    }

    /// <summary>|z|² + |e|² − 2 z·e in that order: the ids of near ties depend on it.</summary>
    private static Tensor Distances(Tensor z, Tensor codes)
    {
        using var scope = NewDisposeScope();
        return (z.pow(2).sum(1, keepdim: true) + codes.pow(2).sum(1)).add_(z.mm(codes.t()), alpha: -2).MoveToOuterDisposeScope(); // doubling is exact
    }

    /// <summary>Mean entropy of a latent's soft assignment minus the entropy of the mean assignment, at temperature 0.01.</summary>
    private static Tensor Entropy(Tensor distances)
    {
        using var scope = NewDisposeScope();
        Tensor affinity = -distances / 0.01;
        Tensor p = softmax(affinity, -1);
        Tensor mean = p.mean([0]);
        Tensor ofEach = -(p * nn.functional.log_softmax(affinity + 1e-5, -1)).sum(-1).mean();
        return (ofEach + (mean * log(mean + 1e-5)).sum()).MoveToOuterDisposeScope();
    }

    /// <summary>Rows [B, n, C] of a table [K, C].</summary>
    private static Tensor Select(Tensor table, Tensor tokens) => table.index_select(0, tokens.flatten()).unflatten(0, tokens.shape);

    private Tensor Normalize(Tensor x) => config.UseL2Norm ? nn.functional.normalize(x, 2, -1, 1e-12) : x.alias();
}
