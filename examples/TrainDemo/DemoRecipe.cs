using ResTok.MLNet;
using ResTok.Models;
using ResTok.Models.Training;

/// <summary>What the demo model is and how it is trained.</summary>
internal static class DemoRecipe
{
    /// <summary>Drawings for training begin at 0, those to measure on here, those that the classifier learns from at half of this.</summary>
    public const int FirstHeldOut = 1_100_000_000, FirstForClassifier = FirstHeldOut / 2;

    /// <summary>Where the drawings and scraps for the tokenizer's second run begin.</summary>
    public const int FirstWithScraps = 200_000_000;

    /// <summary>Drawings that the classifier learns from.</summary>
    public const int DrawingsForClassifier = 18_000;

    /// <summary>Drawings whose tokens the generator learns.</summary>
    public const int EncodedDrawings = 48_000;

    public static TokenizerConfig Tokenizer { get; } = new()
    {
        CropSize = DrawingRow.Side,
        LatentTokens = 64,
        MinTokens = 1,
        DropProbability = 0.25,
        CodebookSize = 1024,
        EncoderSize = VitSize.Mini,
        DecoderSize = VitSize.Mini,
        HierarchyStages = 3,
        MergeTokens = true,
        LearnableDecoderImageTokens = false, // a short way from latents to pixels learns faster
        PixelHiddenChannels = 16,
        PixelNormGroups = 1, // keeps colour: each group loses its mean
    };

    public static GeneratorConfig Generator { get; } = new()
    {
        Width = 192,
        Layers = 6,
        Heads = 6,
        MultipleOf = 64,
        Classes = Drawings.Classes.Count,
        ClassNames = [.. Drawings.Classes],
        CodebookSize = Tokenizer.CodebookSize,
        Tokens = Tokenizer.LatentTokens,
        TokenDropout = 0, // it sees each drawing some three times: nothing to guard against
        ResidualDropout = 0,
        FfnDropout = 0,
    };

    /// <summary>The tokenizer's first run, over drawings that never repeat.</summary>
    /// <param name="folder">Of the run.</param>
    /// <param name="steps">How many.</param>
    public static TokenizerTrainingOptions TokenizerTraining(string folder, int steps) => new()
    {
        RunFolder = folder,
        Steps = steps,
        BatchSize = 16,
        Precision = Precision.BFloat16,
        LearningRate = 6e-4,
        EndLearningRate = 2e-5,
        WarmupSteps = Math.Min(200, steps / 10),
        QuantizerWeight = 0.5,
        QuantizeFrom = steps / 10,
        ResetCodesEvery = 100,
        MaxGradientNorm = 1,
        EmaDecay = 0.999,
        Seed = 1,
        LogEvery = 50,
        EvaluateEvery = 1000,
        SaveEvery = 500,
    };

    /// <summary>Its second run, which goes on from the first's weights over drawings and scraps.</summary>
    /// <param name="folder">Of the run.</param>
    /// <param name="firstSteps">How many the first run had; this one has four fifths of them.</param>
    public static TokenizerTrainingOptions TokenizerTrainingWithScraps(string folder, int firstSteps) =>
        TokenizerTraining(folder, firstSteps * 4 / 5) with { QuantizeFrom = 0, Seed = 3 };

    /// <inheritdoc cref="TokenizerTraining"/>
    public static GeneratorTrainingOptions GeneratorTraining(string folder, int steps) => new()
    {
        RunFolder = folder,
        Steps = steps,
        BatchSize = 16,
        Precision = Precision.BFloat16,
        LearningRate = 1e-3,
        EndLearningRate = 2e-5,
        WarmupSteps = Math.Min(200, steps / 10),
        EmaDecay = 0.999,
        Seed = 2,
        LogEvery = 50,
        EvaluateEvery = 500,
        SaveEvery = 500,
    };

    /// <summary>How the demo's pictures are generated.</summary>
    public static SamplingOptions Sampling { get; } = SamplingOptions.Official;
}
