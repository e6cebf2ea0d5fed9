namespace ResTok.Models.Generator.Networks;

/// <summary>Inputs of adjacent positions: the class, tokens or special tokens from an index on.</summary>
internal readonly record struct InputRun(InputKind Kind, int First, int Count);

/// <summary>What stands at a position of the generator's sequence.</summary>
internal enum InputKind
{
    Class,
    Token,
    Special,
}
