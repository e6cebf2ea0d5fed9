using System.Text.Json.Nodes;
using ResTok.Models;
using ResTok.Models.Checkpoints;
using ResTok.Models.Training;

namespace ResTok.Tool.Models;

/// <summary>A training configuration of the reference's layout: the model, and under training, optimizer, lr_scheduler, losses and experiment how to train it.</summary>
internal sealed class TrainingFile(string path)
{
    private static readonly string[] Sections = ["training.", "optimizer.params.", "lr_scheduler.params.", "losses.", "experiment.", ""];

    private readonly ConfigTree tree = ConfigTree.Read(path);

    /// <summary>Whether it configures a tokenizer, and not a generator.</summary>
    public bool IsTokenizer => tree.Section("model.vq_model") is not null && !IsGenerator;

    /// <exception cref="CheckpointException">It configures no such model, or a value cannot be used.</exception>
    public TokenizerConfig Tokenizer() => TokenizerConfig.Read(tree);

    /// <exception cref="CheckpointException">It configures no such model, or a value cannot be used.</exception>
    public GeneratorConfig Generator() => GeneratorConfig.Read(tree);

    public TokenizerTrainingOptions TokenizerTraining()
    {
        var options = Common(new TokenizerTrainingOptions());
        return options with
        {
            Reconstruction = Text("reconstruction_loss") is { } loss && loss.Equals("l1", StringComparison.OrdinalIgnoreCase) ? ReconstructionLoss.L1 : options.Reconstruction,
            ReconstructionWeight = Number("reconstruction_weight") ?? options.ReconstructionWeight,
            QuantizerWeight = Number("quantizer_weight") ?? options.QuantizerWeight,
            PerceptualWeight = Number("perceptual_weight") ?? options.PerceptualWeight,
            AdversarialWeight = Number("discriminator_weight") ?? options.AdversarialWeight,
            Discriminator = Text("dino_disc") == "true" ? DiscriminatorKind.Dino : options.Discriminator,
            DiscriminatorStart = (int?)Number("discriminator_start") ?? options.DiscriminatorStart,
            LeCamWeight = Number("lecam_regularization_weight") ?? options.LeCamWeight,
        };
    }

    public GeneratorTrainingOptions GeneratorTraining() => Common(new GeneratorTrainingOptions());

    private bool IsGenerator => tree.Value("n_layer") is not null || tree.Section("model.generator") is not null;

    private T Common<T>(T options)
        where T : TrainingOptions => options with
        {
            Steps = (int?)Number("max_train_steps") ?? options.Steps,
            BatchSize = (int?)Number("per_gpu_batch_size") ?? options.BatchSize,
            AccumulationSteps = (int?)Number("gradient_accumulation_steps") ?? options.AccumulationSteps,
            LearningRate = Number("learning_rate") ?? options.LearningRate,
            EndLearningRate = Number("end_lr") ?? options.EndLearningRate,
            WarmupSteps = (int?)Number("warmup_steps") ?? options.WarmupSteps,
            Beta1 = Number("beta1") ?? options.Beta1,
            Beta2 = Number("beta2") ?? options.Beta2,
            WeightDecay = Number("weight_decay") ?? options.WeightDecay,
            MaxGradientNorm = Number("max_grad_norm") ?? options.MaxGradientNorm,
            EmaDecay = Number("ema_decay") ?? options.EmaDecay,
            Precision = Text("mixed_precision") is "bf16" ? Precision.BFloat16 : options.Precision,
            Seed = (long?)Number("seed") ?? options.Seed,
            SaveEvery = (int?)Number("save_every") ?? options.SaveEvery,
            LogEvery = (int?)Number("log_every") ?? options.LogEvery,
            EvaluateEvery = (int?)Number("eval_every") ?? options.EvaluateEvery,
        };

    /// <exception cref="CheckpointException">The value is no number.</exception>
    private double? Number(string key)
    {
        if (Value(key) is not { } value)
            return null;
        return value.TryGetValue(out double number) ? number : value.TryGetValue(out long integer) ? integer
            : throw new CheckpointException($"{tree.Source}: key '{key}' must be a number, but is {value.ToJsonString()}.");
    }

    private string? Text(string key) => Value(key)?.ToString();

    private JsonValue? Value(string key) => Sections.Select(section => tree.Value(section + key)).OfType<JsonValue>().FirstOrDefault();
}
