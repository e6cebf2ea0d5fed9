namespace ResTok.MLNet.Onnx;

/// <summary>The number format that an exported network computes its products and convolutions in. Norms, positions and the codebook are float32 always.</summary>
public enum OnnxPrecision
{
    /// <summary>IEEE single precision, the default: token ids are data, and only this reproduces them.</summary>
    Float32,

    /// <summary>IEEE half precision: half the size, for GPUs. ONNX Runtime's CPU has few kernels for it and converts to float32 and back.</summary>
    Float16,

    /// <summary>bfloat16: half the size and the range of float32, for GPUs of CUDA. ONNX Runtime's CPU has no kernels for it and refuses the file.</summary>
    BFloat16,
}
