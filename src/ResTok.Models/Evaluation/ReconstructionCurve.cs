using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>
/// <see cref="ReconstructionMetrics"/> of a tokenizer over the number of leading tokens that images are rebuilt from. Images are encoded once,
/// and the networks' features of the images are computed once.
/// </summary>
public sealed class ReconstructionCurve : IDisposable
{
    private readonly ImageTokenizer tokenizer;
    private readonly ReconstructionNetworks networks;
    private readonly bool ownsNetworks;
    private readonly ReconstructionEvaluator[] evaluators;
    private readonly int searchSteps;

    /// <param name="tokenizer">It stays the caller's.</param>
    /// <param name="weights">Of the networks that some metrics need; null for none.</param>
    /// <param name="tokenCounts">Numbers of tokens, 1 to N; by default all tokens up to each level's end: 1, 2, 4 … N.</param>
    /// <param name="searchSteps">Of <see cref="TokenSearch.SearchTokens"/>; 0 for the encoder's tokens.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number of tokens or of steps is out of range.</exception>
    /// <inheritdoc cref="ReconstructionEvaluator(EvaluationWeights?, int?, Device?)" path="/exception"/>
    public ReconstructionCurve(ImageTokenizer tokenizer, EvaluationWeights? weights = null, IEnumerable<int>? tokenCounts = null, int searchSteps = 0)
        : this(tokenizer, new ReconstructionNetworks(weights, tokenizer?.Device), tokenCounts, searchSteps, ownsNetworks: true)
    {
    }

    internal ReconstructionCurve(ImageTokenizer tokenizer, ReconstructionNetworks networks, IEnumerable<int>? tokenCounts, int searchSteps = 0, bool ownsNetworks = false)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        (this.tokenizer, this.networks, this.searchSteps, this.ownsNetworks) = (tokenizer, networks, searchSteps, ownsNetworks);
        TokenCounts = [.. (tokenCounts ?? tokenizer.Levels.Ends).Distinct().Order()];
        if (searchSteps < 0 || TokenCounts.Count == 0 || TokenCounts[0] < 1 || TokenCounts[^1] > tokenizer.Levels.TokenCount)
        {
            if (ownsNetworks)
                networks.Dispose();
            ArgumentOutOfRangeException.ThrowIfNegative(searchSteps);
            throw new ArgumentOutOfRangeException(nameof(tokenCounts), $"Numbers of tokens must be from 1 to {tokenizer.Levels.TokenCount}, and at least one.");
        }
        evaluators = [.. TokenCounts.Select(_ => new ReconstructionEvaluator(networks, tokenizer.Config.CodebookSize))];
    }

    /// <summary>The numbers of leading tokens, ascending.</summary>
    public IReadOnlyList<int> TokenCounts { get; }

    /// <summary>Encodes images, rebuilds them from each number of tokens, and compares.</summary>
    /// <param name="images">[B, 3, S, S] in [0, 1], S = <see cref="TokenizerConfig.CropSize"/>.</param>
    /// <returns>Of the largest number of tokens: how close each reconstruction comes.</returns>
    /// <exception cref="ArgumentException">The images have another shape or type.</exception>
    public IReadOnlyList<ReconstructionDistance> Add(Tensor images) => Add(images, null);

    /// <param name="images">[B, 3, S, S] in [0, 1].</param>
    /// <param name="onRebuilt">Gets each number of tokens and what was rebuilt from them, [B, 3, S, S], before it is disposed.</param>
    internal IReadOnlyList<ReconstructionDistance> Add(Tensor images, Action<int, Tensor>? onRebuilt)
    {
        using var noGradient = no_grad();
        using Tensor found = tokenizer.SearchTokens(images, searchSteps);
        using Tensor x = ReconstructionEvaluator.Clamped(images);
        using ImageFeatures features = networks.FeaturesOf(x);
        using var scope = NewDisposeScope();
        IReadOnlyList<ReconstructionDistance> distances = [];
        for (int i = 0; i < evaluators.Length; i++)
        {
            using Tensor rebuilt = tokenizer.Decode(found, TokenCounts[i]);
            int[] tokens = [.. found.narrow(1, 0, TokenCounts[i]).contiguous().cpu().data<long>().ToArray().Select(token => (int)token)];
            distances = evaluators[i].Add(x, features, rebuilt, tokens);
            onRebuilt?.Invoke(TokenCounts[i], rebuilt);
        }
        return distances;
    }

    /// <summary>Adds what another gathered, of other images with the same model, weights and numbers of tokens.</summary>
    /// <exception cref="ArgumentException">It gathers other metrics.</exception>
    public void Add(ReconstructionCurve other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!TokenCounts.SequenceEqual(other.TokenCounts))
            throw new ArgumentException("Only curves over the same numbers of tokens add up.", nameof(other));
        for (int i = 0; i < evaluators.Length; i++)
            evaluators[i].Add(other.evaluators[i]);
    }

    internal void Save(EvaluationState state)
    {
        for (int i = 0; i < evaluators.Length; i++)
            evaluators[i].Save(state, $"tokens{TokenCounts[i]}");
    }

    /// <summary>Adds what was saved.</summary>
    /// <exception cref="Checkpoints.CheckpointException">It gathers other metrics.</exception>
    internal void Add(EvaluationState state)
    {
        for (int i = 0; i < evaluators.Length; i++)
            evaluators[i].Add(state, $"tokens{TokenCounts[i]}");
    }

    /// <summary>The metrics so far, by <see cref="TokenCounts"/>.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public IReadOnlyList<(int TokenCount, ReconstructionMetrics Metrics)> Result() => [.. evaluators.Select((evaluator, i) => (TokenCounts[i], evaluator.Result()))];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ReconstructionEvaluator evaluator in evaluators)
            evaluator.Dispose();
        if (ownsNetworks)
            networks.Dispose();
    }
}
