using ResTok.Models.Layers;
using ResTok.Models.Layers.Kernels;
using ResTok.Models.Parameters;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Generator.Networks;

/// <summary>
/// The LLaMA-style transformer that predicts tokens from a class and the tokens before (arXiv 2601.03955, section 3.4; reference
/// <c>gpt_har.py</c> and <c>gpt_vanilla.py</c>).
/// </summary>
internal sealed class LlamaTransformer : IDisposable
{
    private readonly GeneratorConfig config;
    private readonly Device device;
    private readonly ScalarType dataType;
    private readonly Parameter classEmbeddings; // [classes, and the null class, D]
    private readonly Parameter tokenEmbeddings; // [V, D]
    private readonly Parameter? specialEmbeddings;
    private readonly LlamaBlock[] blocks;
    private readonly RmsNorm norm;
    private readonly Linear output;

    public LlamaTransformer(ParameterScope scope, GeneratorConfig config, Device device, ScalarType dataType)
    {
        this.config = config;
        this.device = device;
        this.dataType = dataType;
        Layout = new(config);
        Initializer initializer = Initializer.Normal(config.InitializerRange);
        int nullClass = config.ClassDropout > 0 ? 1 : 0;
        classEmbeddings = scope["cls_embedding"]["embedding_table"].Parameter("weight", initializer, config.Classes + nullClass, config.Width);
        tokenEmbeddings = scope["tok_embeddings"].Parameter("weight", initializer, config.CodebookSize, config.Width);
        specialEmbeddings = config.Hierarchical
            ? scope["spe_tok_embeddings"]["special_embeddings"].Parameter("weight", initializer, config.SpecialTokens, config.Width)
            : null;
        blocks = [.. Enumerable.Range(0, config.Layers).Select(i => new LlamaBlock(scope["layers"][i], config, i))];
        norm = new(scope["norm"], config.Width, config.NormEpsilon);
        output = new(scope["output"], config.Width, config.CodebookSize, hasBias: false, Initializer.Zeros);
        Rotary = RotaryEmbedding.Line(config.Tokens, config.Width / config.Heads, config.RopeBase, device);
    }

    public SequenceLayout Layout { get; }

    public Device Device => device;

    /// <summary>The class that stands for no class.</summary>
    public int NullClass => config.Classes;

    internal RotaryEmbedding Rotary { get; }

    /// <summary>Runs the positions from <paramref name="start"/> to before <paramref name="end"/>.</summary>
    /// <param name="classes">int64 [B]; the null class is <see cref="GeneratorConfig.Classes"/>.</param>
    /// <param name="tokens">int64 [B, n], at least those that are inputs of these positions.</param>
    /// <param name="start">The first position.</param>
    /// <param name="end">One past the last.</param>
    /// <param name="predicted">Of how many of the last positions to predict the tokens.</param>
    /// <param name="caches">One per layer, with the positions before <paramref name="start"/>; null where start is 0 and nothing follows.</param>
    /// <param name="noise">Dropout, in training.</param>
    /// <returns>Logits, float32 [B, predicted, V].</returns>
    public Tensor Forward(Tensor classes, Tensor tokens, int start, int end, int predicted, IReadOnlyList<KeyValueCache>? caches, DropoutNoise? noise = null)
    {
        using var scope = NewDisposeScope();
        Tensor x = Embed(classes, tokens, start, end); // [B, n, D]
        using CpuThreads.Taken threads = CpuThreads.TakeAll(OwnKernels.Suit(x));
        if (noise is not null)
            x = noise.Drop(x, config.TokenDropout);
        Tensor? mask = Mask(start, end);
        for (int i = 0; i < blocks.Length; i++)
            x = blocks[i].Forward(x, Rotary, start, caches?[i], mask, noise);
        Tensor last = norm.Forward(x.narrow(1, end - start - predicted, predicted));
        return output.Forward(last).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Empty caches for a run of so many rows and positions.</summary>
    public IReadOnlyList<KeyValueCache> CreateCaches(long rows, int positions)
    {
        using var noGradient = no_grad();
        return [.. blocks.Select(_ => new KeyValueCache(rows, config.KeyValueHeads ?? config.Heads, positions, config.Width / config.Heads, OwnKernels.Format(dataType, device), device))];
    }

    /// <summary>Additive [end − start, end], or null where every position sees all up to <paramref name="end"/>.</summary>
    internal Tensor? Mask(int start, int end)
    {
        if (Layout.MayAttend(start, end - 1))
            return null;
        using var scope = NewDisposeScope();
        var values = new float[end - start, end];
        for (int row = start; row < end; row++)
        {
            for (int column = 0; column < end; column++)
                values[row - start, column] = Layout.MayAttend(row, column) ? 0 : float.NegativeInfinity;
        }
        return tensor(values).to(OwnKernels.Format(dataType, device), device).MoveToOuterDisposeScope();
    }

    public void Dispose() => Rotary.Dispose();

    private Tensor Embed(Tensor classes, Tensor tokens, int start, int end)
    {
        using var scope = NewDisposeScope();
        Tensor[] runs = [.. Layout.Inputs(start, end).Select(run => run.Kind switch
        {
            InputKind.Class => classEmbeddings.index_select(0, classes).unsqueeze(1),
            InputKind.Token => tokenEmbeddings.index_select(0, tokens.narrow(1, run.First, run.Count).flatten()).unflatten(0, [classes.shape[0], run.Count]),
            _ => specialEmbeddings!.narrow(0, run.First, run.Count).unsqueeze(0).expand(classes.shape[0], -1, -1),
        })];
        return cat(runs, 1).to(OwnKernels.Format(dataType, device)).MoveToOuterDisposeScope();
    }
}
