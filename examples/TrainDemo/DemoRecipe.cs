using ResTok.MLNet;
using ResTok.Models;
using ResTok.Models.Training;

/// <summary>What the demo model is and how it is trained.</summary>
internal static class DemoRecipe
{
    /// <summary>Drawings for training begin at 0, those to measure on here.</summary>
    public const int FirstHeldOut = 1_100_000_000;

    /// <summary>More pictures than any training takes, none of them held out.</summary>
    public const int Endless = FirstHeldOut / 2;

    /// <summary>The tokenizer, in the official shape: 128 tokens in 8 levels.</summary>
    public static TokenizerConfig Tokenizer { get; } = new()
    {
        CropSize = DrawingRow.Side,
        LatentTokens = 128,
        MinTokens = 1,
        DropProbability = 0.25,
        CodebookSize = 4096,
        PixelEncoder = true,
        EncoderSize = VitSize.Mini,
        DecoderSize = VitSize.Compact,
        HierarchyStages = 3,
        MergeTokens = true,
        LearnableDecoderImageTokens = false, // a short way from latents to pixels learns faster
        PixelHiddenChannels = 32,
        PixelNormGroups = 1, // keeps colour: each group loses its mean
    };

    /// <summary>The generator.</summary>
    /// <param name="withPhotographs">Whether there are photographs to learn from.</param>
    public static GeneratorConfig Generator(bool withPhotographs) => new()
    {
        Width = 192,
        Layers = 6,
        Heads = 6,
        MultipleOf = 64,
        Classes = DemoClasses.Names(withPhotographs).Count,
        ClassNames = [.. DemoClasses.Names(withPhotographs)],
        CodebookSize = Tokenizer.CodebookSize,
        Tokens = Tokenizer.LatentTokens,
        TokenDropout = 0, // it sees no cut of a picture often
        ResidualDropout = 0,
        FfnDropout = 0,
    };

    /// <param name="folder">Of the run.</param>
    /// <param name="steps">How many.</param>
    /// <param name="batch">Pictures of a step.</param>
    public static TokenizerTrainingOptions TokenizerTraining(string folder, int steps, int batch) => new()
    {
        RunFolder = folder,
        Steps = steps,
        BatchSize = batch,
        Precision = Precision.BFloat16,
        LearningRate = batch > 64 ? 8e-4 : 6e-4,
        EndLearningRate = 1e-5,
        WarmupSteps = Math.Min(300, steps / 10),
        QuantizerWeight = 0.5,
        QuantizeFrom = Math.Min(1000, steps / 2), // latents that hardly differ yet would fall together
        ResetCodesEvery = 100,
        MaxGradientNorm = 1,
        EmaDecay = 0.999,
        Seed = 1,
        LogEvery = 50,
        EvaluateEvery = 1000,
        SaveEvery = 2500,
    };

    /// <summary>Of the decoder alone, towards images that look alike and not only alike in their pixels.</summary>
    /// <inheritdoc cref="TokenizerTraining"/>
    public static TokenizerTrainingOptions DecoderTraining(string folder, int steps, int batch) => TokenizerTraining(folder, steps, batch) with
    {
        DecoderOnly = true,
        LearningRate = batch > 64 ? 4e-4 : 2e-4,
        WarmupSteps = Math.Min(100, steps / 10),
        QuantizeFrom = 0,
        ResetCodesEvery = 0,
        ResNet18Weight = 0.02,
        ValidationWeights = new(),
        EvaluateEvery = 500,
        SaveEvery = 250,
    };

    /// <inheritdoc cref="TokenizerTraining"/>
    public static GeneratorTrainingOptions GeneratorTraining(string folder, int steps, int batch) => new()
    {
        RunFolder = folder,
        Steps = steps,
        BatchSize = batch,
        Precision = Precision.BFloat16,
        LearningRate = batch > 64 ? 2e-3 : 1e-3,
        EndLearningRate = 2e-5,
        WarmupSteps = Math.Min(200, steps / 10),
        EmaDecay = 0.999,
        Seed = 2,
        LogEvery = 50,
        EvaluateEvery = 500,
        SaveEvery = 500,
    };
}
