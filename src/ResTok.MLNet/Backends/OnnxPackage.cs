using Microsoft.ML.Runtime;

namespace ResTok.MLNet.Backends;

/// <summary>ONNX Runtime, as the package ResTok.MLNet.Onnx brings it.</summary>
internal interface IOnnxRuntime
{
    /// <returns>The device that the <see cref="Microsoft.ML.MLContext"/> asks for, and what to say where it is another.</returns>
    /// <exception cref="InvalidOperationException">A GPU is asked for, there is none, and falling back is not allowed.</exception>
    (string Device, string? Warning) FindDevice(IHostEnvironment environment);

    /// <returns>An <see cref="ITokenizerBackend"/>, which the handle disposes.</returns>
    /// <exception cref="Models.Checkpoints.CheckpointException">A file is damaged, or ONNX Runtime cannot run it.</exception>
    IDisposable OpenTokenizer(OnnxFiles files, string device);

    /// <returns>An <see cref="IGeneratorBackend"/>, which the handle disposes.</returns>
    /// <inheritdoc cref="OpenTokenizer" path="/exception"/>
    IDisposable OpenGenerator(OnnxFiles files, string device);
}

/// <summary>Finds the package by its name, since this library does not depend on it.</summary>
internal static class OnnxPackage
{
    private static readonly Lazy<IOnnxRuntime> Found = new(Find, LazyThreadSafetyMode.PublicationOnly); // asks again after a failure

    /// <exception cref="InvalidOperationException">The program does not reference the package.</exception>
    public static IOnnxRuntime Runtime => Found.Value;

    private static IOnnxRuntime Find() =>
        Type.GetType("ResTok.MLNet.Onnx.Running.OnnxBackend, ResTok.MLNet.Onnx") is { } type ? (IOnnxRuntime)Activator.CreateInstance(type)!
        : throw new InvalidOperationException("The model is in ONNX files. To use it, reference the package ResTok.MLNet.Onnx, of the version of ResTok.MLNet, "
            + "and one of Microsoft.ML.OnnxRuntime, Microsoft.ML.OnnxRuntime.Gpu and Microsoft.ML.OnnxRuntime.DirectML.");
}
