using System.Runtime.InteropServices;
using ResTok.Models.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Checkpoints;

/// <summary>
/// The tensors of a saved model, read in place: a safetensors file or its shards, or a PyTorch file of which nothing is
/// executed.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    private const string CompiledPrefix = "_orig_mod."; // what torch.compile puts before every name

    private readonly Dictionary<string, TensorEntry> entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Func<Tensor>> readers = new(StringComparer.Ordinal);
    private readonly List<IDisposable> owned = [];

    private Checkpoint(string source) => Source = source;

    /// <summary>The file, for messages.</summary>
    public string Source { get; }

    /// <summary>The configuration that belongs to it, or null where none was found.</summary>
    public string? ConfigPath { get; private init; }

    /// <summary>The tensors by state-dict name.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Entries => entries;

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="path">
    /// A <c>.safetensors</c> file, a PyTorch file (<c>.bin</c>, <c>.pt</c>, <c>.pth</c>), an <c>.index.json</c> of shards of
    /// either, or a folder that holds one of them (see <see cref="CheckpointLayout"/> for the order).
    /// </param>
    /// <exception cref="CheckpointException">There is no checkpoint, or it is damaged, or it asks for code to be run.</exception>
    public static Checkpoint Open(string path)
    {
        (string file, string? config) = CheckpointLayout.Find(path);
        var checkpoint = new Checkpoint(file) { ConfigPath = config };
        try
        {
            if (CheckpointLayout.IsIndex(file))
                checkpoint.AddShards(file);
            else
                checkpoint.Add(file, null);
            return checkpoint;
        }
        catch (Exception fault) when (fault is not CheckpointException && fault is IOException or UnauthorizedAccessException)
        {
            checkpoint.Dispose();
            throw new CheckpointException($"{file} cannot be read: {fault.Message}", fault);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>The weight files that <see cref="Open"/> would read: one, or the shards of an index in order of name.</summary>
    /// <param name="path">As for <see cref="Open"/>.</param>
    /// <exception cref="CheckpointException">There is no checkpoint.</exception>
    public static IReadOnlyList<string> FilesOf(string path)
    {
        (string file, _) = CheckpointLayout.Find(path);
        return CheckpointLayout.IsIndex(file)
            ? [.. CheckpointLayout.ReadIndex(file).Keys.Order(StringComparer.Ordinal)]
            : [file];
    }

    /// <summary>Reads a safetensors stream into memory, tensor by tensor.</summary>
    internal static Checkpoint Read(Stream stream, string source)
    {
        TorchRuntime.EnsureLoaded();
        SafetensorsHeader header = SafetensorsHeader.Read(stream, source, null);
        if (stream.CanSeek && header.DataBytes > stream.Length - stream.Position) // before memory is taken for it
            throw Shortened(source, null);
        var checkpoint = new Checkpoint(source);
        try
        {
            foreach ((TensorEntry entry, _, _) in header.Tensors)
            {
                Tensor tensor = empty([.. entry.Shape], dtype: entry.DataType).DetachFromDisposeScope();
                checkpoint.owned.Add(tensor);
                TensorBytes.Read(stream, tensor);
                checkpoint.Add(entry, tensor.alias);
            }
            return checkpoint;
        }
        catch (Exception fault)
        {
            checkpoint.Dispose();
            if (fault is EndOfStreamException)
                throw Shortened(source, fault);
            if (fault is ExternalException)
                throw new CheckpointException($"{source} claims {header.DataBytes} bytes of tensors, for which there is no memory: {fault.Message}", fault);
            throw;
        }
    }

    /// <summary>Gives a tensor in the file's own number format: where it can be, a view of the file and not a copy.</summary>
    /// <param name="name">A name among <see cref="Entries"/>.</param>
    /// <returns>A CPU tensor that the caller disposes; it stays valid after this checkpoint is disposed.</returns>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    public Tensor GetTensor(string name) =>
        readers.TryGetValue(name, out Func<Tensor>? read) ? read() : throw new KeyNotFoundException($"{Source} has no tensor '{name}'.");

    /// <summary>Lets go of the file. Tensors already given stay valid.</summary>
    public void Dispose() => owned.ForEach(item => item.Dispose());

    private static CheckpointException Shortened(string source, Exception? fault) => new($"{source} ends before its last tensor. Save it again.", fault);

    private void Add(TensorEntry entry, Func<Tensor> read)
    {
        string name = entry.Name.StartsWith(CompiledPrefix, StringComparison.Ordinal) ? entry.Name[CompiledPrefix.Length..] : entry.Name;
        if (!entries.TryAdd(name, entry with { Name = name }))
            throw new CheckpointException($"{Source} has the tensor '{name}' twice.");
        readers.Add(name, read);
    }

    private void AddShards(string index)
    {
        foreach ((string shard, HashSet<string> names) in CheckpointLayout.ReadIndex(index))
            Add(shard, names);
    }

    /// <param name="file">Of either format.</param>
    /// <param name="wanted">The tensors to take, as the file names them; null for all.</param>
    private void Add(string file, HashSet<string>? wanted)
    {
        if (file.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            AddSafetensors(file, wanted);
        else
            AddPyTorch(file, wanted);
        if (wanted is { Count: > 0 })
            throw new CheckpointException($"{file} lacks tensors that its index puts there: {string.Join(", ", wanted.Order(StringComparer.Ordinal))}. Download all files again.");
    }

    private void AddSafetensors(string file, HashSet<string>? wanted)
    {
        SafetensorsHeader header;
        using (FileStream stream = File.OpenRead(file))
            header = SafetensorsHeader.Read(stream, file, stream.Length);
        var map = new MappedFile(file);
        owned.Add(map);
        foreach ((TensorEntry entry, long start, _) in header.Tensors)
        {
            if (wanted is null || wanted.Remove(entry.Name))
                Add(entry, () => map.View(header.DataStart + start, [.. entry.Shape], entry.DataType));
        }
    }

    private void AddPyTorch(string file, HashSet<string>? wanted)
    {
        List<PyTorchTensor> tensors = PyTorchFile.Read(file);
        var map = new MappedFile(file);
        owned.Add(map);
        foreach (PyTorchTensor tensor in tensors)
        {
            if (wanted is null || wanted.Remove(tensor.Entry.Name))
                Add(tensor.Entry, () => tensor.Open(map));
        }
    }
}
