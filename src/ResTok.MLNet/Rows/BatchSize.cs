namespace ResTok.MLNet.Rows;

/// <summary>How many rows a batch may have.</summary>
internal static class BatchSize
{
    private const int Most = 4096; // the buffers of a batch are made at once

    /// <exception cref="ArgumentOutOfRangeException">It is out of range.</exception>
    public static void Check(int size)
    {
        if (size is < 1 or > Most)
            throw new ArgumentOutOfRangeException("options", size, $"The batch size must be at least 1 and at most {Most}.");
    }
}
