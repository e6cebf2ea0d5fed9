using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResTok.Models;
using ResTok.Models.Checkpoints;

namespace ResTok.FaultTests.Running;

/// <summary>Kills processes that write, each at a random moment, and looks at what is there then: the old whole or the new whole.</summary>
internal sealed class Kills(string root, Random random) : IDisposable
{
    private readonly SlowHub hub = new();

    public IReadOnlyList<(string Name, Action Kill)> Kinds =>
    [
        ("saving a model folder", () => Kill(Victim.Export, (folder, _) => ImageGenerator.Load(folder).Dispose())),
        ("saving a pipeline", () => Kill(Victim.Pipeline, (folder, _) => JudgePipeline(folder))),
        ("training", () => Kill(Victim.Train, JudgeTraining)),
        ("downloading a model", () => Kill(Victim.Download, (folder, _) => JudgeDownload(folder))),
        ("writing a data set", () => Kill(Victim.DataSet, (folder, _) => JudgeDataSet(folder))),
    ];

    public void Dispose() => hub.Dispose();

    /// <summary>The next save removes what kills left beside the file, once it is old.</summary>
    public void Remainders()
    {
        string folder = Path.Combine(root, Victim.Export);
        string[] left = Directory.GetFiles(folder, "*.tmp");
        foreach (string file in left)
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddHours(-2));
        using (ImageGenerator generator = TinyModels.CreateGenerator())
            generator.Save(folder);
        Console.WriteLine($"   what kills left behind: {left.Length} temporary files beside a model, {Directory.GetFiles(folder, "*.tmp").Length} after the next save");
        if (Directory.GetFiles(folder).Length != 2)
            throw new InvalidDataException($"{folder} holds more than a model: {string.Join(", ", Directory.GetFiles(folder))}.");
    }

    /// <summary>Kills a victim up to a third of a second after its second sign of life.</summary>
    /// <param name="what">The victim.</param>
    /// <param name="judge">Looks at its folder, given the last number it gave, and throws at any loss.</param>
    private void Kill(string what, Action<string, long> judge)
    {
        string folder = Directory.CreateDirectory(Path.Combine(root, what)).FullName;
        ProcessStartInfo start = ThisProgram.Again("--victim", what, folder);
        start.Environment["HF_ENDPOINT"] = hub.Address.AbsoluteUri;
        start.Environment["HF_HUB_CACHE"] = folder;
        using Process victim = Process.Start(start)!;
        long last = 0;
        for (int i = 0; i < 2; i++)
            last = Parse(victim.StandardOutput.ReadLine() ?? throw new InvalidDataException($"The victim '{what}' could not go on from what was left."));
        Thread.Sleep(random.Next(330));
        victim.Kill();
        victim.WaitForExit();
        foreach (string line in victim.StandardOutput.ReadToEnd().Split('\n').SkipLast(1))
            last = Parse(line);
        judge(folder, last);

        static long Parse(string line) => long.Parse(line, CultureInfo.InvariantCulture);
    }

    private static void JudgePipeline(string folder)
    {
        var ml = new MLContext(1);
        ITransformer model = ml.Model.Load(Path.Combine(folder, Victim.SavedPipeline), out _);
        using MLImage image = model.Transform(ml.Data.LoadFromEnumerable([new Victim.Labelled()])).GetColumn<MLImage>("Image").Single();
        (model as IDisposable)?.Dispose();
    }

    private static void JudgeTraining(string folder, long reported) // the step before it was saved
    {
        string newest = Directory.GetDirectories(folder, "checkpoint-*").Where(name => !name.EndsWith(".tmp", StringComparison.Ordinal)).MaxBy(StepOf)
            ?? throw new InvalidDataException("No checkpoint is left.");
        if (StepOf(newest) < reported - 1)
            throw new InvalidDataException($"Step {reported} was reached, but the newest checkpoint is {newest}.");
        ImageGenerator.Load(newest).Dispose();
        using Checkpoint training = Checkpoint.Open(Path.Combine(newest, "training.safetensors"));
        System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(newest, "state.json"))).Dispose();
    }

    private static long StepOf(string folder) => long.Parse(Path.GetFileName(folder)["checkpoint-".Length..], CultureInfo.InvariantCulture);

    /// <summary>What has a name is what the name says, and the model that was there before the kill is.</summary>
    private void JudgeDownload(string cache)
    {
        foreach (string blob in Directory.GetFiles(cache, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(Path.GetDirectoryName(file)) == "blobs" && !file.EndsWith(".incomplete", StringComparison.Ordinal)))
        {
            if (Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(blob))) != Path.GetFileName(blob))
                throw new InvalidDataException($"{blob} is not what its name says.");
        }
        string folder = HuggingFaceHub.FindCached(SlowHub.Id, new() { Endpoint = hub.Address, CacheFolder = cache })
            ?? throw new InvalidDataException("The cache has lost the model.");
        ImageGenerator.Load(folder).Dispose();
    }

    private static void JudgeDataSet(string folder)
    {
        var ml = new MLContext(1);
        int[] numbers = [.. ml.Data.LoadFromBinary(Path.Combine(folder, Victim.DataSetFile)).GetColumn<int>(nameof(Victim.Labelled.Label))];
        if (!numbers.SequenceEqual(Enumerable.Range(0, Victim.DataSetRows)))
            throw new InvalidDataException($"The data set has {numbers.Length} rows, not {Victim.DataSetRows}, or others.");
    }
}
