namespace ResTok.Models;

/// <summary>The files that a saved model consists of.</summary>
public enum SaveLayout
{
    /// <summary><c>config.json</c> and <c>model.safetensors</c>, which the reference's <c>from_pretrained</c> reads.</summary>
    HuggingFace,

    /// <summary>
    /// <c>pytorch_model.bin</c> and <c>config.yaml</c>, which the reference's own scripts read (<c>configs/infer</c>, <c>demo_util.py</c>).
    /// They know the official sizes only.
    /// </summary>
    Reference,
}
