using System.Diagnostics;
using System.Runtime.InteropServices;
using ResTok.Models.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ResTok.Models.Training;

/// <summary>The loop that all training shares: gradients, optimiser, averaging, reports, validation, checkpoints.</summary>
/// <typeparam name="TModel">What is trained.</typeparam>
/// <typeparam name="TSample">A sample of the data.</typeparam>
internal abstract class TrainingRun<TModel, TSample> : IDisposable
    where TModel : PretrainedModel
{
    private readonly TrainingOptions options;
    private readonly ITrainingData<TSample> data;
    private readonly ComputeReplica<TModel> replica;
    private readonly AdamW optimizer;
    private readonly MovingAverage? average;
    private readonly RunFolder? folder;
    private readonly Metrics metrics = new();
    private SampleStream<TSample> stream;
    private TrainingState state = new();

    /// <param name="model">Float32.</param>
    /// <param name="createReplica">Makes one of the same configuration in bfloat16.</param>
    /// <param name="data">What it learns from.</param>
    /// <param name="options">How.</param>
    /// <param name="isTrained">Of a name, whether that parameter learns; by default all do.</param>
    protected TrainingRun(TModel model, Func<TModel> createReplica, ITrainingData<TSample> data, TrainingOptions options, Func<string, bool>? isTrained = null)
    {
        if (model.Precision != Precision.Float32)
            throw new ArgumentException("Train a float32 model; Precision.BFloat16 in the options computes with a copy.", nameof(model));
        Model = model;
        this.data = data;
        this.options = options;
        replica = new(model, options.Precision == Precision.BFloat16 ? createReplica : null, isTrained);
        optimizer = new(replica.Master, options);
        average = options.EmaDecay > 0 ? new(replica.Master, options.EmaDecay) : null;
        folder = options.RunFolder is null ? null : new(options.RunFolder);
        stream = new(data);
    }

    /// <summary>The weights that are trained, float32.</summary>
    protected TModel Model { get; }

    /// <summary>Trains to the end, or from the run folder's checkpoint to the end. The model then has the averaged weights.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the run folder has a checkpoint.</exception>
    /// <exception cref="TrainingException">The loss is not a number, or memory is short.</exception>
    public void Train(CancellationToken cancellationToken)
    {
        using FreedMemory.Kept memory = FreedMemory.Keep();
        Resume();
        long start = Stopwatch.GetTimestamp(), reported = state.Step;
        while (state.Step < options.Steps && !IsOutOfPatience)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                Save();
                cancellationToken.ThrowIfCancellationRequested();
            }
            Step(state.Step);
            state = state with { Step = state.Step + 1, Epoch = stream.Epoch, Offset = stream.Offset };
            bool last = state.Step == options.Steps;
            if (state.Step % options.EvaluateEvery == 0 || last)
                Evaluate();
            if (state.Step % options.LogEvery == 0 || last)
            {
                Report(state.Step - reported, Stopwatch.GetElapsedTime(start));
                (start, reported) = (Stopwatch.GetTimestamp(), state.Step);
            }
            if (state.Step % options.SaveEvery == 0 || last || IsOutOfPatience)
                Save();
        }
        average?.Swap();
        folder?.Export(Model);
    }

    /// <summary>One step of the optimiser: gradients of some batches, their norm clipped, weights, averages.</summary>
    private void Step(long step)
    {
        try
        {
            replica.Refresh();
            for (int part = 0; part < options.AccumulationSteps; part++)
                Backward(step, part);
            replica.CollectGradients();
            metrics.Add("gradient_norm", replica.Master.ClipGradients(options.MaxGradientNorm));
            metrics.Add("learning_rate", LearningRateSchedule.At(options, step));
            optimizer.Step(step);
            replica.Master.ClearGradients();
            average?.Update(step);
            AfterStep(step, metrics);
        }
        catch (ExternalException fault) when (TorchRuntime.IsOutOfMemory(fault))
        {
            int half = Math.Max(1, options.BatchSize / 2);
            throw new TrainingException($"Memory ran out in step {step} with batches of {options.BatchSize}. {LastCheckpoint()} Use batches of {half} and {2 * options.AccumulationSteps} accumulation steps, which train alike.", fault);
        }
    }

    /// <summary>Adds the gradients of a batch to those of the step.</summary>
    private void Backward(long step, int part)
    {
        using var scope = NewDisposeScope();
        Tensor loss = Loss(replica.Model, stream.Take(options.BatchSize), step, part, metrics);
        double value = loss.item<float>();
        if (!double.IsFinite(value))
            throw new TrainingException($"The loss is {value} in step {step}. {LastCheckpoint()} Use a lower learning rate, a longer warm-up or a smaller gradient norm.");
        metrics.Add("loss", value);
        (options.AccumulationSteps == 1 ? loss : loss / options.AccumulationSteps).backward();
    }

    public virtual void Dispose()
    {
        stream.Dispose();
        optimizer.Dispose();
        average?.Dispose();
        replica.Dispose();
    }

    /// <summary>Builds the loss of a batch and adds its parts to the metrics.</summary>
    /// <returns>A float32 scalar.</returns>
    protected abstract Tensor Loss(TModel model, TSample[] batch, long step, int part, Metrics metrics);

    /// <summary>What follows the step of the model itself, for instance that of a discriminator.</summary>
    protected virtual void AfterStep(long step, Metrics metrics)
    {
    }

    /// <summary>With the averaged weights in place: the loss on validation data, or null without.</summary>
    protected virtual double? Validate(Metrics metrics) => null;

    /// <summary>With the averaged weights in place: an image for people to look at, or null.</summary>
    /// <param name="step">Optimiser steps done.</param>
    protected virtual TrainingPreview? Preview(long step) => null;

    /// <summary>More tensors that a checkpoint must hold. They are overwritten when training resumes.</summary>
    protected virtual IEnumerable<KeyValuePair<string, Tensor>> ExtraState() => [];

    private bool IsOutOfPatience => options.Patience > 0 && state.WithoutImprovement >= options.Patience;

    private void Report(long steps, TimeSpan time)
    {
        double rate = steps * options.BatchSize * options.AccumulationSteps / time.TotalSeconds;
        var progress = new TrainingProgress(state.Step, options.Steps, metrics.Flush(), rate, time / steps * (options.Steps - state.Step));
        folder?.Log(progress);
        options.Progress?.Report(progress);
    }

    /// <summary>Validates and shows a preview, with the averaged weights in the model.</summary>
    private void Evaluate()
    {
        average?.Swap();
        try
        {
            if (Validate(metrics) is { } loss)
            {
                metrics.Add("validation_loss", loss);
                state = loss < state.BestLoss ? state with { BestLoss = loss, WithoutImprovement = 0 } : state with { WithoutImprovement = state.WithoutImprovement + 1 };
            }
            if (options.OnPreview is not null && Preview(state.Step) is { } image)
                options.OnPreview(image);
        }
        finally
        {
            average?.Swap();
        }
    }

    private void Save() => folder?.SaveCheckpoint(Model, State(), state);

    private void Resume()
    {
        if (folder?.FindCheckpoint() is not { } checkpoint)
            return;
        state = folder.LoadCheckpoint(checkpoint, Model, State());
        stream.Dispose();
        stream = new(data, state.Epoch, state.Offset);
    }

    private List<KeyValuePair<string, Tensor>> State() =>
    [
        .. optimizer.State,
        .. average?.State ?? [],
        .. ExtraState(),
    ];

    private string LastCheckpoint() => folder?.FindCheckpoint() is { } checkpoint
        ? $"The last good checkpoint is {checkpoint}."
        : "There is no checkpoint.";
}
