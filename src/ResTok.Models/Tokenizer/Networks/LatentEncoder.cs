using ResTok.Models.Layers;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer.Networks;

/// <summary>
/// The transformer that distils a feature map into latents (arXiv 2601.03955, section 3.2; reference <c>ResTokEncoder</c>).
/// Image tokens come first in the sequence, the coarsest level foremost, then the latent tokens.
/// </summary>
internal sealed class LatentEncoder : IDisposable
{
    private readonly TokenizerConfig config;
    private readonly TokenLevels levels;
    private readonly MergeSchedule schedule;
    private readonly VitDimensions size;
    private readonly Conv2d patchEmbed;
    private readonly LayerNorm normPre;
    private readonly TransformerBlock[] blocks;
    private readonly LayerNorm normPost;
    private readonly Parameter[] imageLevelEmbeddings;
    private readonly LevelEmbedding latentLevelEmbeddings;
    private readonly Conv2d[] latentProjections; // one per level, or one for all
    private readonly RotaryEmbedding[] rotary; // per stage
    private readonly LevelAttention[] attention; // per stage

    public LatentEncoder(ParameterScope scope, TokenizerConfig config, TokenLevels levels, Device device, ScalarType dataType)
    {
        this.config = config;
        this.levels = levels;
        size = VitDimensions.Of(config.EncoderSize);
        schedule = new(config, size.Layers, config.CropSize / config.EncoderPatchSize);
        patchEmbed = config.PixelEncoder
            ? new(scope["patch_embed"], PixelEncoder.OutputChannels, size.Width, kernel: 1, hasBias: true)
            : new(scope["patch_embed"]["proj"], 3, size.Width, config.EncoderPatchSize, hasBias: true, stride: config.EncoderPatchSize);
        normPre = new(scope["ln_pre"], size.Width);
        blocks = [.. Enumerable.Range(0, size.Layers).Select(i => new TransformerBlock(scope["blocks"][i], size))];
        normPost = new(scope["ln_post"], size.Width);
        imageLevelEmbeddings = [.. Enumerable.Range(0, schedule.LevelEmbeddings).Select(i => scope.Parameter(
            $"level_embedding.{i}", Initializer.Normal(Math.Pow(size.Width, -0.5)), 1, size.Width))];
        latentLevelEmbeddings = new(scope["latent_token_level_embedding"], levels, size.Width);
        latentProjections = config.MultiQuant
            ? [.. Enumerable.Range(0, levels.Count).Select(i => LatentProjection(scope["conv_out"][i]))]
            : [LatentProjection(scope["conv_out"])];
        rotary = [.. schedule.Stages.Select(grids => RotaryEmbedding.Grid(
            GridPositions.OfEncoder(grids, levels.TokenCount), size.HeadWidth, config.RopeBase, device))];
        attention = [.. schedule.Stages.Select(grids => new LevelAttention(
            [.. grids.Select(grid => grid.Rows * grid.Columns), .. levels.Sizes], dataType, device))];
    }

    /// <summary>Rotary positions of each stage.</summary>
    internal IReadOnlyList<RotaryEmbedding> Rotary => rotary;

    /// <param name="x">Feature map [B, 256, g, g], or normalised images [B, 3, S, S] where there is no pixel encoder.</param>
    /// <param name="learnedLatents">Initial latents [N, D] (<c>learnable_latent_tokens</c>), or null to pool them from the map.</param>
    /// <param name="maps">Takes the attention maps where not null.</param>
    /// <param name="wantsImageTokens">Whether the image tokens are wanted too.</param>
    /// <returns>Latents [B, C, 1, N], and the image token levels [B, n, D], coarsest first; none where not wanted.</returns>
    public (Tensor Latents, Tensor[] ImageTokenLevels) Forward(Tensor x, Tensor? learnedLatents, List<Tensor>? maps, bool wantsImageTokens)
    {
        using var scope = NewDisposeScope();
        // From here to the last norm the stream that the blocks add to is float32 also in bfloat16, as under the reference's autocast:
        // it costs little and keeps most of the tokens that rounding would change.
        Tensor map = patchEmbed.Forward(x).to(ScalarType.Float32); // [B, D, g, g]
        Tensor latents = learnedLatents?.unsqueeze(0).expand(map.shape[0], -1, -1)
            ?? (config.LatentHierarchy
                ? LatentPooling.Pool(map, levels, config.ResidualLatentTokens)
                : LatentPooling.PoolFlat(map, levels.TokenCount)); // [B, N, D]
        Tensor image = map.flatten(2).transpose(1, 2) + imageLevelEmbeddings[0]; // [B, g·g, D]
        Tensor sequence = normPre.ForwardFloat32(cat([image, latents + latentLevelEmbeddings.Sequence()], 1));

        int stage = 0;
        for (int i = 0; i < blocks.Length; i++)
        {
            if (!schedule.MergesIn(i))
            {
                long? last = i == blocks.Length - 1 && !wantsImageTokens ? levels.TokenCount : null;
                sequence = blocks[i].Forward(sequence, rotary[stage], attention[stage], maps, last: last);
                continue;
            }
            int front = TokensOf(stage, 0), merged = TokensOf(stage + 1, 0);
            sequence = blocks[i].Forward(sequence, rotary[stage], attention[stage], maps, tokens => Merge(tokens, front, merged));
            stage++;
            Tensor[] parts = sequence.split([merged, sequence.shape[1] - merged], 1);
            sequence = cat([parts[0] + imageLevelEmbeddings[stage], parts[1]], 1);
        }

        long imageTokens = sequence.shape[1] - levels.TokenCount;
        Tensor z = Project(normPost.Forward(sequence.narrow(1, imageTokens, levels.TokenCount)));
        if (!wantsImageTokens)
            return (z.MoveToOuterDisposeScope(), []);
        long[] counts = [.. Enumerable.Range(0, schedule.Stages[stage].Length).Select(i => (long)TokensOf(stage, i))];
        Tensor[] imageLevels = sequence.narrow(1, 0, imageTokens).split(counts, 1);
        return (z.MoveToOuterDisposeScope(), [.. imageLevels.Select(level => level.MoveToOuterDisposeScope())]);
    }

    /// <summary>Puts a decimated copy of the front image level before the sequence and leaves residuals in the level itself.</summary>
    private Tensor Merge(Tensor sequence, int front, int merged)
    {
        using var scope = NewDisposeScope();
        Tensor level = sequence.narrow(1, 0, front).transpose(1, 2); // [B, D, front]
        Tensor coarse = nn.functional.interpolate(level, [merged], mode: InterpolationMode.Nearest); // [B, D, merged]
        Tensor rest = sequence.narrow(1, front, sequence.shape[1] - front);
        if (config.ResidualImageTokens)
            level = level - nn.functional.interpolate(coarse, [front], mode: InterpolationMode.Nearest);
        return cat([coarse.transpose(1, 2), level.transpose(1, 2), rest], 1).MoveToOuterDisposeScope();
    }

    /// <summary>From [B, N, D] to the latent space, [B, C, 1, N].</summary>
    private Tensor Project(Tensor latents)
    {
        using var scope = NewDisposeScope();
        // The buffer is read as [B, D, N, 1] without a transpose: the reference's "legacy" layout, which its weights depend on.
        Tensor x = latents.contiguous().view(latents.shape[0], size.Width, levels.TokenCount, 1);
        Tensor z = latentProjections.Length == 1
            ? latentProjections[0].Forward(x)
            : cat([.. latentProjections.Select((projection, level) => projection.Forward(x.narrow(2, levels.Offsets[level], levels.Sizes[level])))], 2);
        return z.view(-1, config.TokenSize, 1, levels.TokenCount).MoveToOuterDisposeScope();
    }

    private Conv2d LatentProjection(ParameterScope scope) => new(scope, size.Width, config.TokenSize, kernel: 1, hasBias: true);

    private int TokensOf(int stage, int level) => schedule.Stages[stage][level].Rows * schedule.Stages[stage][level].Columns;

    public void Dispose()
    {
        foreach (RotaryEmbedding table in rotary)
            table.Dispose();
        foreach (LevelAttention levelAttention in attention)
            levelAttention.Dispose();
    }
}
