namespace ResTok.Models;

/// <summary>What to generate: one image for each class given.</summary>
/// <param name="Classes">The class of each image, 0 to <see cref="GeneratorConfig.Classes"/> − 1.</param>
public sealed record GenerationRequest(IReadOnlyList<int> Classes)
{
    /// <summary>
    /// What distinguishes the images' random streams, one id each; by default 0, 1, 2, … The same seed, id and class give the same
    /// image in any batch.
    /// </summary>
    public IReadOnlyList<long>? RowIds { get; init; }

    /// <summary>
    /// Leading tokens to keep, of each image as many, for instance the coarse levels of an encoded image; the rest is generated.
    /// They must end where a pass ends: officially 0, 1, 2, 3, 4, 8, 16, 32, 64 or 128 tokens.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<int>>? Prefix { get; init; }

    /// <summary>Levels to generate, coarsest first, 1 to <see cref="TokenLevels.Count"/>; all if null. Cost falls with the tokens.</summary>
    public int? Levels { get; init; }
}
