using static TorchSharp.torch;

namespace ResTok.Models;

/// <summary>The tokens after a pass of the generator: a complete, coarser image for the decoder.</summary>
public sealed class GenerationStep
{
    internal GenerationStep(int pass, int passes, IReadOnlyList<IReadOnlyList<int>> rows)
    {
        Pass = pass;
        Passes = passes;
        Rows = rows;
    }

    /// <summary>Passes done, 1 to <see cref="Passes"/>.</summary>
    public int Pass { get; }

    /// <summary>Passes in all: 9 for a whole image officially, fewer with a prefix or when stopping early.</summary>
    public int Passes { get; }

    /// <summary>Tokens of each image so far, n.</summary>
    public int TokenCount => Rows[0].Count;

    /// <summary>The tokens so far, of each image n.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Rows { get; }

    /// <summary>The tokens so far for <see cref="ImageTokenizer.Decode(Tensor, int?)"/>: int64 [B, n] on the CPU, which the caller disposes.</summary>
    public Tensor ToTensor()
    {
        long[] values = [.. Rows.SelectMany(row => row.Select(token => (long)token))];
        return tensor(values, [Rows.Count, TokenCount]).DetachFromDisposeScope();
    }
}
