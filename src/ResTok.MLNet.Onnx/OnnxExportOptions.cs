namespace ResTok.MLNet.Onnx;

/// <summary>What the ONNX files of a model are like.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>The number format of products and convolutions, and so of their weights.</summary>
    public OnnxPrecision Precision { get; init; } = OnnxPrecision.Float32;

    /// <summary>
    /// Whether pixels are 8 bits and not float32 in [0, 1]: the encoder then takes uint8 [B, 3, S, S], and the decoder gives it, clamped and
    /// rounded.
    /// </summary>
    public bool UInt8Pixels { get; init; }

    /// <summary>
    /// Whether weights lie in a file of their own (<c>encoder.onnx.data</c>), which the runtime maps; false puts them into the ONNX file,
    /// which a browser and <c>ApplyOnnxModel</c> in a saved pipeline need, and which ends at 2 GB. Null decides by size: over 1 GB outside.
    /// </summary>
    public bool? ExternalData { get; init; }

    /// <summary>
    /// Whether products with weights are of 8 bits, weights by output and the other factor by a scale that a whole batch shares. For
    /// benchmarks only: that scale makes a row's tokens depend on the rows beside it.
    /// </summary>
    internal bool QuantizesProducts { get; init; }
}
