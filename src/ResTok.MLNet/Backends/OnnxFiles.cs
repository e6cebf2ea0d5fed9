using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using ResTok.Models.Checkpoints;

namespace ResTok.MLNet.Backends;

/// <summary>A model's files in a folder, as ExportOnnx writes them. Of a saved pipeline the folder is a temporary one, which is deleted with this.</summary>
internal sealed class OnnxFiles : IDisposable
{
    private const int LongestDescription = 4 << 20; // characters; real ones have a few thousand

    private static readonly ConcurrentDictionary<string, byte> Temporary = [];

    private readonly OnnxLayout layout;
    private readonly (string Path, long Length, DateTime Written)[] found;

    static OnnxFiles() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (string folder in Temporary.Keys) // of handles that nobody disposed
            Delete(folder);
    };

    /// <param name="folder">With all files of the layout.</param>
    /// <param name="layout">Of a tokenizer or a generator.</param>
    /// <exception cref="CheckpointException">A file is missing.</exception>
    public OnnxFiles(string folder, OnnxLayout layout)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        this.layout = layout;
        Folder = Path.GetFullPath(folder);
        if (layout.Required.Select(PathOf).FirstOrDefault(path => !File.Exists(path)) is { } missing)
            throw new CheckpointException($"There is no {missing}. Write it with ExportOnnx.");
        found = [.. layout.All.Select(PathOf).Where(File.Exists).Select(path => new FileInfo(path)).Select(file => (file.FullName, file.Length, file.LastWriteTimeUtc))];
    }

    ~OnnxFiles() => Dispose();

    public string Folder { get; }

    /// <summary>Full paths of what is there.</summary>
    public IEnumerable<string> Paths => found.Select(file => file.Path);

    public bool IsTemporary => Temporary.ContainsKey(Folder);

    /// <summary>Puts files that a saved pipeline holds into a folder, where ONNX Runtime can map them.</summary>
    /// <param name="layout">Of a tokenizer or a generator.</param>
    /// <param name="read">Reads one by its name, if the pipeline has it.</param>
    /// <exception cref="InvalidDataException">One is missing.</exception>
    public static OnnxFiles Extract(OnnxLayout layout, Func<string, Action<Stream>, bool> read)
    {
        string folder = Directory.CreateTempSubdirectory($"restok-onnx-{Environment.ProcessId}-").FullName;
        Temporary.TryAdd(folder, 0);
        try
        {
            foreach (string name in layout.All)
            {
                bool isThere = read(name, stream =>
                {
                    using FileStream file = File.Create(Path.Combine(folder, name));
                    stream.CopyTo(file);
                });
                if (!isThere && layout.Required.Contains(name))
                    throw new InvalidDataException($"The saved pipeline lacks its {name}. Save it again.");
            }
            return new(folder, layout);
        }
        catch
        {
            Delete(folder);
            throw;
        }
    }

    /// <summary>Reads the configuration out of what stands beside the graphs.</summary>
    /// <exception cref="CheckpointException">It is damaged.</exception>
    public T ReadConfig<T>(Func<Stream, T> read)
    {
        string path = PathOf(layout.Description);
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

    /// <summary>What was opened must be what computes and what is saved.</summary>
    /// <exception cref="CheckpointException">A file is gone or was written again.</exception>
    public void CheckUnchanged()
    {
        foreach ((string path, long length, DateTime written) in found)
        {
            var now = new FileInfo(path);
            if (!now.Exists || now.Length != length || now.LastWriteTimeUtc != written)
                throw new CheckpointException($"{path} is {(now.Exists ? "another than it was" : "gone")} since the model was opened. Open it again.");
        }
    }

    /// <summary>Copies all files into a folder, each whole or not at all.</summary>
    public void CopyTo(string folder)
    {
        CheckUnchanged();
        Directory.CreateDirectory(folder);
        if (Path.GetFullPath(folder) != Folder)
            AtomicFile.Write([.. Paths.Select(path => (Path.Combine(folder, Path.GetFileName(path)), (Action<Stream>)(target => Copy(path, target))))]);
    }

    public static void Copy(string path, Stream target)
    {
        using FileStream source = File.OpenRead(path);
        source.CopyTo(target);
    }

    /// <summary>Deletes a temporary folder; the sessions on it have ended.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        if (Folder is not null && IsTemporary) // null where the constructor failed
            Delete(Folder);
    }

    private string PathOf(string name) => Path.Combine(Folder, name);

    private static void Delete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Windows keeps what is mapped; what is left lies where the system keeps temporary files.
        }
        Temporary.TryRemove(folder, out _);
    }
}
