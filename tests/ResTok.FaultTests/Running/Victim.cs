using ResTok.Models;
using ResTok.Models.Training;

namespace ResTok.FaultTests.Running;

/// <summary>What is killed: a process that writes in a loop and says on its output what it has finished.</summary>
internal static class Victim
{
    public const string Save = "save", Train = "train", SaveOnce = "save-once";

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
            case SaveOnce: // where the disk is full
                try
                {
                    using ImageGenerator generator = TinyModels.CreateGenerator();
                    generator.Save(folder);
                    return 0;
                }
                catch (IOException fault)
                {
                    Console.WriteLine(fault.Message);
                    return 7;
                }
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

    private sealed class Steps : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => Console.WriteLine(value.Step);
    }
}
