using ResTok.Models;
using ResTok.Models.Training;

namespace ResTok.FaultTests.Running;

/// <summary>What is killed: a process that writes in a loop and says on its output what it has finished.</summary>
internal static class Victim
{
    public const string Save = "save", Train = "train", FillDisk = "fill-disk";
    public const int AsItShould = 7;

    public static GeneratorTrainingOptions Training(string folder) => new() { Steps = 1_000_000, BatchSize = 1, WarmupSteps = 1, LogEvery = 1, SaveEvery = 1, RunFolder = folder };

    public static int Run(string what, string folder)
    {
        switch (what)
        {
            case Save:
                using (ImageGenerator generator = TinyModels.CreateGenerator())
                {
                    for (int i = 0; ; i++)
                    {
                        generator.Save(folder);
                        Console.WriteLine(i);
                    }
                }
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
            default:
                throw new ArgumentException($"There is no victim '{what}'.", nameof(what));
        }
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

    private sealed class Steps : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => Console.WriteLine(value.Step);
    }
}
