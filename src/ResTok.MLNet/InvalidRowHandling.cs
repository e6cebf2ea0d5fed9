namespace ResTok.MLNet;

/// <summary>What a stage does with a row it cannot use: one without an image, or with tokens, counts or labels out of range.</summary>
public enum InvalidRowHandling
{
    /// <summary>Throws an <see cref="InvalidOperationException"/> that names column, row and value.</summary>
    Fail,

    /// <summary>
    /// Gives missing values and goes on: keys that are missing, NaN for numbers, null for an image. How many rows were so, and what was
    /// wrong with the first, is logged as a warning once, when the cursor is disposed. Faults of the data's source, such as an image file
    /// that cannot be read, are thrown as they are.
    /// </summary>
    Missing,
}
