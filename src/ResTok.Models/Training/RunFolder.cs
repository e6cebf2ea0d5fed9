using System.Globalization;
using System.Text.Json;
using ResTok.Models.Checkpoints;
using static TorchSharp.torch;

namespace ResTok.Models.Training;

/// <summary>
/// The folder of a run: <c>metrics.csv</c>, the last two checkpoints as <c>checkpoint-N/</c>, and in the end the trained model itself in
/// the Hugging Face layout.
/// </summary>
internal sealed class RunFolder(string path)
{
    private const string StateFile = "state.json", TensorFile = "training.safetensors", Prefix = "checkpoint-";
    private const int Kept = 2;

    /// <summary>Appends a line of metrics: step, name, value.</summary>
    public void Log(TrainingProgress progress)
    {
        Directory.CreateDirectory(path);
        string file = Path.Combine(path, "metrics.csv");
        bool isNew = !File.Exists(file);
        using StreamWriter writer = File.AppendText(file);
        if (isNew)
            writer.WriteLine("step,metric,value");
        foreach ((string name, double value) in progress.Metrics.Append(KeyValuePair.Create("samples_per_second", progress.SamplesPerSecond)))
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{progress.Step},{name},{value:g6}"));
    }

    /// <summary>The newest checkpoint, or null.</summary>
    public string? FindCheckpoint() => Checkpoints().LastOrDefault();

    /// <summary>Writes a checkpoint whole or not at all, and removes all but the last two.</summary>
    public void SaveCheckpoint(PretrainedModel model, IReadOnlyCollection<KeyValuePair<string, Tensor>> tensors, TrainingState state)
    {
        string final = Path.Combine(path, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{state.Step}")), temporary = final + ".tmp";
        if (Directory.Exists(final))
            return; // the same step, saved before
        foreach (string unfinished in Directory.Exists(path) ? Directory.GetDirectories(path, Prefix + "*.tmp") : [])
            Directory.Delete(unfinished, recursive: true); // of a process that was killed
        model.Save(temporary);
        AtomicFile.Write(Path.Combine(temporary, TensorFile), stream => SafetensorsWriter.Write(stream, tensors));
        AtomicFile.Write(Path.Combine(temporary, StateFile), stream => JsonSerializer.Serialize(stream, state));
        Directory.Move(temporary, final);
        foreach (string old in Checkpoints().SkipLast(Kept))
            Directory.Delete(old, recursive: true);
    }

    /// <summary>Overwrites the model's weights and the other tensors with a checkpoint's.</summary>
    /// <exception cref="CheckpointException">It does not fit the model or the options.</exception>
    public TrainingState LoadCheckpoint(string checkpoint, PretrainedModel model, IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        Copy(Path.Combine(checkpoint, "model.safetensors"), model.StateDict.Select(entry => KeyValuePair.Create(entry.Key, (Tensor)entry.Value)));
        Copy(Path.Combine(checkpoint, TensorFile), tensors);
        string file = Path.Combine(checkpoint, StateFile);
        try
        {
            using FileStream stream = File.OpenRead(file);
            return JsonSerializer.Deserialize<TrainingState>(stream) ?? throw new JsonException("it is null");
        }
        catch (JsonException fault)
        {
            throw new CheckpointException($"{file} is no state of a training: {fault.Message} Delete {checkpoint}; the one before is taken then.", fault);
        }
    }

    /// <summary>Writes the trained model.</summary>
    public void Export(PretrainedModel model) => model.Save(path);

    private IEnumerable<string> Checkpoints() => Directory.Exists(path)
        ? Directory.GetDirectories(path, Prefix + "*").Where(folder => !folder.EndsWith(".tmp", StringComparison.Ordinal)).OrderBy(StepOf)
        : [];

    private static long StepOf(string folder) =>
        long.TryParse(Path.GetFileName(folder)[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out long step) ? step : -1;

    private static void Copy(string file, IEnumerable<KeyValuePair<string, Tensor>> targets)
    {
        using Checkpoint source = Checkpoint.Open(file);
        using var noGradient = no_grad();
        foreach ((string name, Tensor target) in targets)
        {
            if (!source.Entries.TryGetValue(name, out TensorEntry? entry) || !entry.Shape.SequenceEqual(target.shape))
                throw new CheckpointException($"{file} does not fit this run: it lacks '{name}' [{string.Join(", ", target.shape)}]. Use another run folder, or the options it was begun with.");
            using Tensor value = source.GetTensor(name);
            target.copy_(value);
        }
    }
}
