namespace ResTok.Models.Training;

/// <summary>An image for the generator to learn.</summary>
/// <param name="Label">Its class, 0 to <see cref="GeneratorConfig.Classes"/> − 1.</param>
/// <param name="Tokens">Its N tokens.</param>
public sealed record TokenSample(int Label, IReadOnlyList<int> Tokens);
