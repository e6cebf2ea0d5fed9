namespace ResTok.MLNet;

/// <summary>What a stage does with a row it cannot use: one without an image, or whose file cannot be read, or with tokens, counts or labels out of range.</summary>
public enum InvalidRowHandling
{
    /// <summary>Throws an <see cref="InvalidOperationException"/> that names column, row and value.</summary>
    Fail,

    /// <summary>
    /// Gives missing values and goes on: keys that are missing, NaN for numbers, null for an image. In training, such rows are left out. How
    /// many rows were so, and what was wrong with the first, is logged as a warning once, when the cursor is disposed. An image file that
    /// cannot be read whole counts as missing too, whichever columns are read: the image itself then is null.
    /// </summary>
    Missing,
}
