namespace ResTok.MLNet;

/// <summary>What a stage does with a row it cannot use: one without an image, or with tokens, counts or labels out of range.</summary>
public enum InvalidRowHandling
{
    /// <summary>Throws an <see cref="InvalidOperationException"/> that names column, row and value.</summary>
    Fail,

    /// <summary>
    /// Gives missing values and goes on: keys that are missing, NaN for numbers, null for an image. How many rows were so, and what was
    /// wrong with the first, is logged as a warning once, when the cursor is disposed. An image file that cannot be read counts as missing
    /// too, unless the reader asks for the column of images itself.
    /// </summary>
    Missing,
}
