using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.OnnxRuntime;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet.Onnx.Running;

/// <summary>A folder that <see cref="OnnxExport"/> wrote.</summary>
internal static class OnnxFolder
{
    private const int LongestDescription = 4 << 20; // characters; real ones have a few thousand

    /// <summary>Reads the configuration out of what stands beside the files.</summary>
    /// <exception cref="CheckpointException">It is not there, or it is damaged.</exception>
    public static T ReadConfig<T>(string folder, string file, Func<Stream, T> read)
    {
        string path = PathOf(folder, file);
        try
        {
            using StreamReader reader = File.OpenText(path);
            JsonNode? config = JsonNode.Parse(SmallText.Read(reader, path, LongestDescription), documentOptions: new() { AllowDuplicateProperties = false })?["config"];
            using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes((config ?? throw new JsonException("it has no 'config'")).ToJsonString()));
            return read(stream);
        }
        catch (Exception fault) when (fault is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new CheckpointException($"{path} is not what ExportOnnx writes: {fault.Message}. Export the model again.", fault);
        }
    }

    /// <exception cref="CheckpointException">The file is not there, or ONNX Runtime cannot run it.</exception>
    /// <exception cref="InvalidOperationException">The program has no native part of ONNX Runtime.</exception>
    public static InferenceSession Open(string folder, string file, SessionOptions? options)
    {
        string path = PathOf(folder, file);
        try
        {
            return options is null ? new(path) : new(path, options);
        }
        catch (OnnxRuntimeException fault)
        {
            throw new CheckpointException($"{path} cannot be run: {fault.Message}", fault);
        }
        catch (Exception fault) when (fault is DllNotFoundException or TypeInitializationException)
        {
            throw new InvalidOperationException("ONNX Runtime's native part is missing. Reference one of Microsoft.ML.OnnxRuntime, Microsoft.ML.OnnxRuntime.Gpu and Microsoft.ML.OnnxRuntime.DirectML in the program.", fault);
        }
    }

    private static string PathOf(string folder, string file)
    {
        string path = Path.Combine(Path.GetFullPath(folder), file);
        return File.Exists(path) ? path : throw new CheckpointException($"There is no {path}. Write it with ExportOnnx.");
    }
}
