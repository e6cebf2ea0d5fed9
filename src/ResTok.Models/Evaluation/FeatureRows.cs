using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Evaluation;

/// <summary>Rows of numbers in float32 that come batch by batch, held once, in blocks.</summary>
/// <param name="dimensions">Numbers of a row, D.</param>
internal sealed class FeatureRows(int dimensions) : IDisposable
{
    /// <summary>Rows of a block.</summary>
    public const int Block = 1000;

    private readonly List<Tensor> blocks = []; // [1000, D], the last filled in part

    /// <summary>Rows so far.</summary>
    public long Count { get; private set; }

    /// <summary>The filled part of each block, [B, D]; the caller disposes them.</summary>
    public IEnumerable<Tensor> Blocks => blocks.Select((block, i) => block.narrow(0, 0, Math.Min(Block, Count - (long)i * Block)));

    /// <param name="rows">[B, D], of any type and device.</param>
    public void Add(Tensor rows)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        for (long done = 0; done < rows.shape[0];)
        {
            long at = Count % Block;
            if (at == 0)
                blocks.Add(empty([Block, dimensions], dtype: ScalarType.Float32).DetachFromDisposeScope());
            long taken = Math.Min(Block - at, rows.shape[0] - done);
            blocks[^1].narrow(0, at, taken).copy_(rows.narrow(0, done, taken));
            done += taken;
            Count += taken;
        }
    }

    /// <summary>Adds what another holds, behind one's own.</summary>
    public void Add(FeatureRows other)
    {
        using var scope = NewDisposeScope();
        foreach (Tensor block in other.Blocks)
            Add(block);
    }

    /// <summary>All rows, [N, D]; the caller disposes them.</summary>
    public Tensor All()
    {
        using var scope = NewDisposeScope();
        return cat([.. Blocks]).MoveToOuterDisposeScope();
    }

    /// <summary>Consecutive parts of as many rows; the last may have fewer. Each is disposed before the next.</summary>
    public IEnumerable<Tensor> Parts(int rows)
    {
        for (long start = 0; start < Count; start += rows)
        {
            using var scope = NewDisposeScope();
            long end = Math.Min(Count, start + rows);
            yield return cat([.. Blocks.Select((block, i) => (Block: block, First: (long)i * Block))
                .Where(place => place.First < end && place.First + Block > start)
                .Select(place => place.Block[TensorIndex.Slice(Math.Max(0, start - place.First), Math.Min(end - place.First, place.Block.shape[0]))])]);
        }
    }

    public void Dispose()
    {
        foreach (Tensor block in blocks)
            block.Dispose();
    }
}
