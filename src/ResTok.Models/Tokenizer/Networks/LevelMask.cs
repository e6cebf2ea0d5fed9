using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Tokenizer.Networks;

/// <summary>The hierarchical causal mask: a token attends to tokens of its own block and of earlier blocks.</summary>
internal static class LevelMask
{
    /// <param name="blocks">Tokens in each block, in sequence order; L in all.</param>
    /// <param name="dataType">The format of the sequence it is added to.</param>
    /// <param name="device">Where it is used.</param>
    /// <returns>[1, 1, L, L]: 0 where a row's token may attend to a column's, −∞ elsewhere.</returns>
    public static Tensor Build(IEnumerable<int> blocks, ScalarType dataType, Device device)
    {
        using var scope = NewDisposeScope();
        Tensor block = tensor(blocks.SelectMany((size, index) => Enumerable.Repeat((long)index, size)).ToArray());
        Tensor mayAttend = block.unsqueeze(1) >= block.unsqueeze(0);
        Tensor mask = zeros(mayAttend.shape, dtype: dataType).masked_fill_(mayAttend.logical_not(), double.NegativeInfinity);
        return mask.unsqueeze(0).unsqueeze(0).to(device).DetachFromDisposeScope();
    }
}
