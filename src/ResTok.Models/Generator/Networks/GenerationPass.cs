namespace ResTok.Models.Generator.Networks;

/// <summary>One pass: the positions that go through the network, and so the tokens that come out.</summary>
internal readonly record struct GenerationPass(int Start, int Count)
{
    public int End => Start + Count;
}
