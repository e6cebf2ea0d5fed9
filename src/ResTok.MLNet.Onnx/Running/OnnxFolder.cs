using System.Text.Json.Nodes;
using Microsoft.ML.OnnxRuntime;
using ResTok.MLNet.Backends;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet.Onnx.Running;

/// <summary>Opens the graphs of a folder that <see cref="OnnxExport"/> wrote.</summary>
internal static class OnnxFolder
{
    /// <summary>Opens a graph and makes sure that it gives these outputs and is of the model that the folder says it is.</summary>
    /// <exception cref="CheckpointException">The file is damaged or of another model, or ONNX Runtime cannot run it.</exception>
    /// <exception cref="InvalidOperationException">The program has no native part of ONNX Runtime.</exception>
    public static InferenceSession Open(OnnxFiles files, string file, SessionOptions? options, params IReadOnlyList<string> outputs)
    {
        string path = Path.Combine(files.Folder, file);
        InferenceSession session = Native(() => options is null ? new InferenceSession(path) : new(path, options), fault => new CheckpointException($"{path} cannot be run: {fault.Message}", fault));
        try
        {
            if (outputs.FirstOrDefault(output => !session.OutputMetadata.ContainsKey(output)) is { } missing)
                throw new CheckpointException($"{path} has no output '{missing}'. Export the model again.");
            if (session.ModelMetadata.CustomMetadataMap.TryGetValue(Export.OnnxDescription.MetadataKey, out string? written) && !JsonNode.DeepEquals(JsonNode.Parse(written)?["config"], files.ReadConfig(json => JsonNode.Parse(json))))
                throw new CheckpointException($"{path} is of another model than the configuration beside it. Export the model again, into an empty folder.");
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Calls ONNX Runtime.</summary>
    /// <param name="call">What to call.</param>
    /// <param name="faulty">The exception that says what is wrong where it fails.</param>
    /// <exception cref="InvalidOperationException">The program has no native part of ONNX Runtime.</exception>
    public static T Native<T>(Func<T> call, Func<OnnxRuntimeException, Exception> faulty)
    {
        try
        {
            return call();
        }
        catch (OnnxRuntimeException fault)
        {
            throw faulty(fault);
        }
        catch (Exception fault) when (fault is DllNotFoundException or TypeInitializationException)
        {
            throw new InvalidOperationException("ONNX Runtime's native part is missing. Reference one of Microsoft.ML.OnnxRuntime, Microsoft.ML.OnnxRuntime.Gpu and Microsoft.ML.OnnxRuntime.DirectML in the program.", fault);
        }
    }
}
