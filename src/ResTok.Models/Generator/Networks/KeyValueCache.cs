using static TorchSharp.torch;

namespace ResTok.Models.Generator.Networks;

/// <summary>The keys and values of one layer for the positions that have gone through the network.</summary>
internal sealed class KeyValueCache : IDisposable
{
    private readonly Tensor keys; // [rows, heads, capacity, head]
    private readonly Tensor values;

    public KeyValueCache(long rows, int heads, int capacity, int headWidth, ScalarType dataType, Device device)
    {
        keys = empty([rows, heads, capacity, headWidth], dtype: dataType, device: device).DetachFromDisposeScope();
        values = empty_like(keys).DetachFromDisposeScope();
    }

    /// <summary>Adds positions and gives all up to them, for the leading rows.</summary>
    /// <param name="start">The first position of those added.</param>
    /// <param name="newKeys">[B, heads, n, head], B ≤ rows.</param>
    /// <param name="newValues">[B, heads, n, head].</param>
    /// <returns>Views [B, heads, start + n, head].</returns>
    public (Tensor Keys, Tensor Values) Append(int start, Tensor newKeys, Tensor newValues)
    {
        long rows = newKeys.shape[0], count = newKeys.shape[2];
        using Tensor keyPlace = keys.narrow(0, 0, rows).narrow(2, start, count);
        using Tensor valuePlace = values.narrow(0, 0, rows).narrow(2, start, count);
        keyPlace.copy_(newKeys);
        valuePlace.copy_(newValues);
        return (keys.narrow(0, 0, rows).narrow(2, 0, start + count), values.narrow(0, 0, rows).narrow(2, 0, start + count));
    }

    public void Dispose()
    {
        keys.Dispose();
        values.Dispose();
    }
}
