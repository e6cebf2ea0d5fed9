using Microsoft.ML;
using ResTok.MLNet;
using ResTok.Models;
using ResTok.Models.Training;

namespace ResTok.FaultTests.Running;

/// <summary>What is killed: a process that writes in a loop and says on its output what it has finished.</summary>
internal static class Victim
{
    public const string Export = "export", Pipeline = "pipeline", Train = "train", Download = "download", DataSet = "data", FillDisk = "fill-disk";
    public const string SavedPipeline = "pipeline.zip", DataSetFile = "rows.idv";
    public const int DataSetRows = 100_000;
    public const int AsItShould = 7;

    public static GeneratorTrainingOptions Training(string folder) => new() { Steps = 1_000_000, BatchSize = 1, WarmupSteps = 1, LogEvery = 1, SaveEvery = 1, RunFolder = folder };

    public static int Run(string what, string folder)
    {
        switch (what)
        {
            case Export:
                using (ImageGenerator generator = TinyModels.CreateGenerator())
                    return Forever(() => generator.Save(folder));
            case FillDisk:
                using (ImageGenerator generator = TinyModels.CreateGenerator())
                    return Refuses(generator, folder);
            case Train:
                using (ImageGenerator generator = TinyModels.CreateGenerator())
                {
                    GeneratorTrainingOptions options = Training(folder) with { Progress = new Steps() };
                    Trainer.Train(generator, new SameSample<TokenSample>(new(1, new int[16])), options);
                }
                return 0;
            case Pipeline:
                return SavePipelines(Path.Combine(folder, SavedPipeline));
            case Download:
                return Forever(() => ResTokGenerator.FromHubAsync(SlowHub.Id).GetAwaiter().GetResult().Dispose());
            case DataSet:
                return WriteDataSets(Path.Combine(folder, DataSetFile));
            default:
                throw new ArgumentException($"There is no victim '{what}'.", nameof(what));
        }
    }

    private static int Forever(Action write)
    {
        for (int i = 0; ; i++)
        {
            write();
            Console.WriteLine(i);
        }
    }

    /// <summary>ML.NET writes where it is told to, from the first byte on, so what must not be lost is saved beside and then renamed.</summary>
    private static int SavePipelines(string file)
    {
        var ml = new MLContext(1);
        using ResTokGenerator generator = ResTokGenerator.FromModel(TinyModels.CreateGenerator());
        using ResTokTokenizer tokenizer = ResTokTokenizer.FromModel(TinyModels.CreateTokenizer());
        IDataView data = ml.Data.LoadFromEnumerable([new Labelled()]);
        using var model = ml.Transforms.ResTokGenerate("Tokens", "Label", generator).Append(ml.Transforms.ResTokDecode("Image", "Tokens", tokenizer)).Fit(data);
        return Forever(() => PipelineFile.Save(ml, model, data.Schema, file));
    }

    private static int WriteDataSets(string file)
    {
        var ml = new MLContext(1);
        IDataView data = ml.Data.LoadFromEnumerable(Enumerable.Range(0, DataSetRows).Select(number => new Labelled { Label = number }));
        return Forever(() =>
        {
            using (FileStream stream = File.Create(file + ".tmp"))
                ml.Data.SaveAsBinary(data, stream);
            File.Move(file + ".tmp", file, overwrite: true);
        });
    }

    /// <summary>Saves to where there is no room for a second model, and looks at what is left of the first.</summary>
    private static int Refuses(ImageGenerator generator, string folder)
    {
        string before = Describe(folder);
        try
        {
            generator.Save(folder);
            Console.WriteLine("saved");
            return 0;
        }
        catch (IOException fault)
        {
            Console.WriteLine(fault.Message);
            return Describe(folder) == before ? AsItShould : 1;
        }
    }

    private static string Describe(string folder) => string.Join(",", Directory.GetFiles(folder).Order(StringComparer.Ordinal)
        .Select(file => file + Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)))));

    internal sealed class Labelled
    {
        public int Label { get; set; }
    }

    private sealed class Steps : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => Console.WriteLine(value.Step);
    }
}
