namespace ResTok.MLNet;

/// <summary>What computes.</summary>
public enum ResTokBackend
{
    /// <summary>libtorch, from a model's weights: every precision, training, evaluation.</summary>
    LibTorch,

    /// <summary>
    /// ONNX Runtime, from the files that <c>ExportOnnx</c> wrote: the program needs no libtorch, but the package ResTok.MLNet.Onnx and one
    /// of Microsoft.ML.OnnxRuntime, Microsoft.ML.OnnxRuntime.Gpu and Microsoft.ML.OnnxRuntime.DirectML.
    /// </summary>
    Onnx,
}
