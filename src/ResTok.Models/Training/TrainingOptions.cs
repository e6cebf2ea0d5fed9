namespace ResTok.Models.Training;

/// <summary>
/// What tokenizer and generator training have in common: length, optimiser, averaging and the run folder. Defaults are the reference's
/// where they do not depend on the size of the data.
/// </summary>
public abstract record TrainingOptions
{
    /// <summary>Optimiser steps, at least 1. Reference <c>max_train_steps</c>.</summary>
    public int Steps { get; init; } = 10_000;

    /// <summary>Samples of a forward and backward pass, at least 1. Reference <c>per_gpu_batch_size</c>.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Batches whose gradients are averaged for one step, at least 1. Reference <c>gradient_accumulation_steps</c>.</summary>
    public int AccumulationSteps { get; init; } = 1;

    /// <summary>Peak learning rate. Reference <c>learning_rate</c>.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>Learning rate after the cosine decay. Reference <c>end_lr</c>.</summary>
    public double EndLearningRate { get; init; } = 1e-5;

    /// <summary>Steps over which the learning rate rises linearly from 0. Reference <c>warmup_steps</c>.</summary>
    public int WarmupSteps { get; init; } = 500;

    /// <summary>AdamW's decay of the gradient average, in [0, 1). Reference <c>beta1</c>.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's decay of the squared gradient average, in [0, 1). Reference <c>beta2</c>.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>
    /// Decoupled weight decay, of matrices and convolutions only: not of vectors, norms, biases, embeddings and learned tokens. Reference
    /// <c>weight_decay</c>.
    /// </summary>
    public double WeightDecay { get; init; } = 1e-4;

    /// <summary>Gradients longer than this are scaled down to it; 0 never. Reference <c>max_grad_norm</c>.</summary>
    public double MaxGradientNorm { get; init; } = 10;

    /// <summary>
    /// Decay of the exponential moving average of the weights, in [0, 1); 0 for none. It warms up as min((1 + t)/(10 + t), this).
    /// The averaged weights are those of the trained model. Reference <c>ema_decay</c>.
    /// </summary>
    public double EmaDecay { get; init; } = 0.9999;

    /// <summary>The number format of the forward and backward pass. Weights, optimiser and losses stay in float32.</summary>
    public Precision Precision { get; init; } = Precision.Float32;

    /// <summary>Seed of fresh weights, dropout and augmentation.</summary>
    public long Seed { get; init; }

    /// <summary>
    /// Where metrics, previews and checkpoints are written; null to write nothing. Training that finds its own checkpoint there goes on
    /// from it.
    /// </summary>
    public string? RunFolder { get; init; }

    /// <summary>Steps between checkpoints, at least 1; the last step and a cancelled one are always saved.</summary>
    public int SaveEvery { get; init; } = 1000;

    /// <summary>Steps between lines of metrics, at least 1.</summary>
    public int LogEvery { get; init; } = 50;

    /// <summary>Steps between validations and previews, at least 1.</summary>
    public int EvaluateEvery { get; init; } = 1000;

    /// <summary>Validations without a better loss after which training stops; 0 never stops early. Needs validation data.</summary>
    public int Patience { get; init; }

    /// <summary>Hears of every logged step.</summary>
    public IProgress<TrainingProgress>? Progress { get; init; }

    /// <summary>Gets the previews that validation makes.</summary>
    public Action<TrainingPreview>? OnPreview { get; init; }

    /// <summary>Checks that all values are in range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is not; the message names it, the value and the range.</exception>
    public virtual void Validate()
    {
        AtLeast(1, Steps, nameof(Steps));
        AtLeast(1, BatchSize, nameof(BatchSize));
        AtLeast(1, AccumulationSteps, nameof(AccumulationSteps));
        AtLeast(0, WarmupSteps, nameof(WarmupSteps));
        AtLeast(1, SaveEvery, nameof(SaveEvery));
        AtLeast(1, LogEvery, nameof(LogEvery));
        AtLeast(1, EvaluateEvery, nameof(EvaluateEvery));
        AtLeast(0, Patience, nameof(Patience));
        AtLeast(0, LearningRate, nameof(LearningRate));
        AtLeast(0, EndLearningRate, nameof(EndLearningRate));
        AtLeast(0, WeightDecay, nameof(WeightDecay));
        AtLeast(0, MaxGradientNorm, nameof(MaxGradientNorm));
        Share(Beta1, nameof(Beta1));
        Share(Beta2, nameof(Beta2));
        Share(EmaDecay, nameof(EmaDecay));
    }

    private protected static void AtLeast(double least, double value, string name)
    {
        if (!(value >= least && double.IsFinite(value)))
            throw new ArgumentOutOfRangeException(name, value, FormattableString.Invariant($"{name} is {value}, but must be at least {least}."));
    }

    private protected static void Share(double value, string name)
    {
        if (value is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(name, value, FormattableString.Invariant($"{name} is {value}, but must be at least 0 and less than 1."));
    }
}
