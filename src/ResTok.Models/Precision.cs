namespace ResTok.Models;

/// <summary>The number format that a model computes in.</summary>
public enum Precision
{
    /// <summary>IEEE single precision, the default: token ids are data, and only this reproduces them.</summary>
    Float32,

    /// <summary>bfloat16 for matrix products and convolutions; the quantiser and the encoder's residual stream stay in float32. Faster, and flips some tokens.</summary>
    BFloat16,
}
