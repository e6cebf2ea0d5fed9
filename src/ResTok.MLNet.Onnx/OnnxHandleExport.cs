using Microsoft.ML;
using ResTok.Models;

namespace ResTok.MLNet.Onnx;

/// <summary>Writes the models of pipelines as ONNX files.</summary>
public static class OnnxHandleExport
{
    /// <summary>Writes the tokenizer of a handle, on the CPU: see <see cref="OnnxExport.ExportOnnx(ImageTokenizer, string, OnnxExportOptions?)"/>.</summary>
    /// <param name="model">The handle. Its weights are loaded if they were not.</param>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="options">What the files are like.</param>
    /// <inheritdoc cref="OnnxExport.ExportOnnx(ImageTokenizer, string, OnnxExportOptions?)" path="/exception"/>
    public static void ExportOnnx(this ResTokTokenizer model, string folder, OnnxExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.Get(new MLContext()).ExportOnnx(folder, options);
    }

    /// <summary>Writes the generator of a handle, on the CPU: see <see cref="OnnxExport.ExportOnnx(ImageGenerator, string, OnnxExportOptions?)"/>.</summary>
    /// <param name="generator">The handle. Its weights are loaded if they were not.</param>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="options">What the files are like.</param>
    /// <inheritdoc cref="OnnxExport.ExportOnnx(ImageGenerator, string, OnnxExportOptions?)" path="/exception"/>
    public static void ExportOnnx(this ResTokGenerator generator, string folder, OnnxExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(generator);
        generator.Get(new MLContext()).ExportOnnx(folder, options);
    }
}
