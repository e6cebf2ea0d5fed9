using ResTok.Models.Layers;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer.Networks;

/// <summary>
/// The transformer that unfolds latents into a feature map (arXiv 2601.03955, section 3.3; reference <c>ResTokDecoder</c>).
/// Latent tokens come first in the sequence, then the image tokens; every token sees every other.
/// </summary>
internal sealed class LatentDecoder : IDisposable
{
    private readonly TokenizerConfig config;
    private readonly TokenLevels levels;
    private readonly VitDimensions size;
    private readonly int side;
    private readonly Parameter latentMaskToken;
    private readonly Parameter? imageToken;
    private readonly LayerNorm normPre;
    private readonly TransformerBlock[] blocks;
    private readonly LayerNorm normPost;
    private readonly Conv2d output;
    private readonly LevelEmbedding latentLevelEmbeddings;
    private readonly Linear[] embeddings; // one per level, or one for all
    private readonly RotaryEmbedding rotary;

    public LatentDecoder(ParameterScope scope, TokenizerConfig config, TokenLevels levels, Device device)
    {
        this.config = config;
        this.levels = levels;
        size = VitDimensions.Of(config.DecoderSize);
        side = config.CropSize / config.DecoderPatchSize;
        Initializer token = Initializer.Normal(Math.Pow(size.Width, -0.5));
        latentMaskToken = scope.Parameter("latent_mask_token", token, 1, 1, config.TokenSize);
        imageToken = config.LearnableDecoderImageTokens ? scope.Parameter("mask_token", token, 1, 1, size.Width) : null;
        normPre = new(scope["ln_pre"], size.Width);
        blocks = [.. Enumerable.Range(0, size.Layers).Select(i => new TransformerBlock(scope["blocks"][i], size))];
        normPost = new(scope["ln_post"], size.Width);
        output = new(scope["ffn"], size.Width, PixelEncoder.OutputChannels, kernel: 1, hasBias: true);
        latentLevelEmbeddings = new(scope["latent_token_level_embedding"], levels, size.Width);
        embeddings = config.MultiQuant
            ? [.. Enumerable.Range(0, levels.Count).Select(i => Embedding(scope["decoder_embed"][i]))]
            : [Embedding(scope["decoder_embed"])];
        rotary = RotaryEmbedding.Grid(GridPositions.OfDecoder(levels.TokenCount, side), size.HeadWidth, config.RopeBase, device);
    }

    internal RotaryEmbedding Rotary => rotary;

    /// <param name="latents">[B, C, 1, n], n ≤ N: missing positions count as dropped.</param>
    /// <param name="tokenCounts">How many leading tokens of each image to use, int64 [B], or [1] for all alike.</param>
    /// <param name="maps">Takes the attention maps where not null.</param>
    /// <returns>[B, 256, g, g].</returns>
    public Tensor Forward(Tensor latents, Tensor tokenCounts, List<Tensor>? maps)
    {
        using var scope = NewDisposeScope();
        Tensor grid = normPost.Forward(Run(latents, tokenCounts, imageToken, maps)).transpose(1, 2).unflatten(2, [side, side]);
        return output.Forward(grid.contiguous()).MoveToOuterDisposeScope();
    }

    /// <summary>What the decoder makes of another image token, for training to align with a vision foundation model.</summary>
    /// <param name="latents">[B, C, 1, n].</param>
    /// <param name="tokenCounts">As for <see cref="Forward"/>.</param>
    /// <param name="token">In place of the image token, [1, 1, D] (<c>decoder.feat_mask_token</c>).</param>
    /// <returns>[B, D, g, g], before the final norm.</returns>
    public Tensor Features(Tensor latents, Tensor tokenCounts, Tensor token)
    {
        using var scope = NewDisposeScope();
        return Run(latents, tokenCounts, token, null).transpose(1, 2).unflatten(2, [side, side]).MoveToOuterDisposeScope();
    }

    /// <summary>The image tokens [B, g·g, D] after all blocks.</summary>
    private Tensor Run(Tensor latents, Tensor tokenCounts, Tensor? token, List<Tensor>? maps)
    {
        using var scope = NewDisposeScope();
        Tensor embedded = Embed(Truncate(latents.squeeze(2).transpose(1, 2), tokenCounts)); // [B, N, D]
        Tensor image = token?.expand(embedded.shape[0], side * side, -1)
            ?? LatentPooling.Unpool(embedded, levels, side, config.ResidualLatentTokens); // [B, g·g, D]
        Tensor sequence = normPre.Forward(cat([embedded + latentLevelEmbeddings.Sequence(), image], 1));
        foreach (TransformerBlock block in blocks)
            sequence = block.Forward(sequence, rotary, null, maps, last: block == blocks[^1] ? side * side : null);
        return sequence.MoveToOuterDisposeScope();
    }

    /// <summary>Replaces the latents [B, n, C] behind each image's prefix by the mask token: [B, N, C].</summary>
    private Tensor Truncate(Tensor latents, Tensor tokenCounts)
    {
        using var scope = NewDisposeScope();
        if (latents.shape[1] < levels.TokenCount)
            latents = cat([latents, latentMaskToken.expand(latents.shape[0], levels.TokenCount - latents.shape[1], -1)], 1);
        Tensor kept = arange(levels.TokenCount, device: latents.device).unsqueeze(0) < tokenCounts.unsqueeze(1); // [B or 1, N]
        return where(kept.unsqueeze(-1), latents, latentMaskToken).MoveToOuterDisposeScope();
    }

    private Tensor Embed(Tensor latents)
    {
        if (embeddings.Length == 1)
            return embeddings[0].Forward(latents);
        using var scope = NewDisposeScope();
        return cat([.. embeddings.Select((embedding, level) =>
            embedding.Forward(latents.narrow(1, levels.Offsets[level], levels.Sizes[level])))], 1).MoveToOuterDisposeScope();
    }

    private Linear Embedding(ParameterScope scope) => new(scope, config.TokenSize, size.Width);

    public void Dispose() => rotary.Dispose();
}
