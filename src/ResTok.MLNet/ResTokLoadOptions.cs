using ResTok.Models;

namespace ResTok.MLNet;

/// <summary>How a <see cref="ResTokTokenizer"/> or <see cref="ResTokGenerator"/> uses the model it opens.</summary>
public sealed record ResTokLoadOptions
{
    /// <summary>
    /// Says where a model is now that a saved pipeline refers to by path (see <see cref="StoreByReference"/>): takes the path that was
    /// saved, gives the path to use. Null uses the saved path.
    /// </summary>
    public static Func<string, string>? ReferenceResolver { get; set; }

    /// <summary>The number format to compute in.</summary>
    public Precision Precision { get; init; } = Precision.Float32;

    /// <summary>
    /// Whether a saved pipeline refers to the model by path and SHA-256 and does not hold the weights. See
    /// <see cref="ReferenceResolver"/>.
    /// </summary>
    public bool StoreByReference { get; init; }
}
