using Microsoft.ML.Data;

namespace ResTok.MLNet.Rows;

/// <summary>The value of a column that says that there is none.</summary>
internal static class MissingValue
{
    /// <summary>Puts it in a value's place.</summary>
    /// <returns>False where values of the type cannot be missing: every integer is a number.</returns>
    public static bool TrySet<T>(DataViewType type, ref T value)
    {
        if (type.RawType == typeof(MLImage) || type is TextDataViewType or KeyDataViewType or VectorDataViewType { IsKnownSize: false })
            value = default!; // no image, no text, key 0, no items
        else if (typeof(T) == typeof(float))
            value = (T)(object)float.NaN;
        else if (typeof(T) == typeof(double))
            value = (T)(object)double.NaN;
        else if (typeof(T) == typeof(VBuffer<float>) && type is VectorDataViewType { Size: var size })
            value = (T)(object)new VBuffer<float>(size, [.. Enumerable.Repeat(float.NaN, size)]);
        else
            return false;
        return true;
    }
}
