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

    /// <summary>
    /// What computes. With <see cref="ResTokBackend.Onnx"/> a model is opened from the folder that <c>ExportOnnx</c> wrote; a saved pipeline
    /// holds those files, and nothing needs libtorch. <c>MLContext.GpuDeviceId</c> then chooses a GPU of CUDA or DirectML, whichever the
    /// program's ONNX Runtime has. It cannot be trained further, and the precision is that of the files.
    /// </summary>
    /// <example>
    /// <code>
    /// using ResTokTokenizer tokenizer = ResTokTokenizer.Load("restok-onnx", new() { Backend = ResTokBackend.Onnx });
    /// </code>
    /// </example>
    public ResTokBackend Backend { get; init; }

    /// <summary>The number format to compute in. With <see cref="ResTokBackend.Onnx"/> it was chosen by <c>OnnxExportOptions.Precision</c>, and this stays as it is.</summary>
    public Precision Precision { get; init; } = Precision.Float32;

    /// <summary>
    /// Whether a saved pipeline refers to the model by path and SHA-256 and does not hold the weights. See
    /// <see cref="ReferenceResolver"/>.
    /// </summary>
    public bool StoreByReference { get; init; }

    /// <summary>Whether ONNX Runtime is to compute.</summary>
    /// <exception cref="ArgumentException">With it, another option cannot work.</exception>
    internal bool UsesOnnx()
    {
        if (!Enum.IsDefined(Backend))
            throw new ArgumentOutOfRangeException("options", Backend, $"Backend must be one of {string.Join(", ", Enum.GetNames<ResTokBackend>())}.");
        if (Backend == ResTokBackend.Onnx && Precision != Precision.Float32)
            throw new ArgumentException($"ONNX files have their own precision, so {Precision} cannot be asked for here. Leave Precision out, and give OnnxExportOptions.Precision when the model is exported.", "options");
        return Backend == ResTokBackend.Onnx;
    }

    /// <exception cref="ArgumentException">A model of the hub cannot be used so.</exception>
    internal static void ThrowIfNotForHub(ResTokLoadOptions? options)
    {
        if (options?.UsesOnnx() == true)
            throw new ArgumentException("Models on the hub are weights, not ONNX files. Open this one with ResTokBackend.LibTorch, ExportOnnx it once, and load the folder that this wrote.", nameof(options));
    }
}
