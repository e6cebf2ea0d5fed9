using ResTok.Models.Runtime;

namespace ResTok.Models.Training;

/// <summary>Trains models in place.</summary>
public static class Trainer
{
    /// <summary>Trains a tokenizer, from scratch or further. In the end it has the averaged weights.</summary>
    /// <param name="tokenizer">A float32 model, on the device to train on.</param>
    /// <param name="images">Interleaved RGB of S×S pixels, 3·S·S bytes each, S = <see cref="TokenizerConfig.CropSize"/>; augmented by their source.</param>
    /// <param name="options">How to train.</param>
    /// <param name="validation">Held-out images for PSNR, early stopping and images of reconstructions.</param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    /// <example>
    /// <code>
    /// byte[][] rgb = [.. Enumerable.Range(0, 100).Select(_ => new byte[3 * 64 * 64])];
    /// Trainer.Train(tokenizer, new InMemory(rgb), new() { RunFolder = "run", Steps = 10_000 });
    ///
    /// sealed class InMemory(byte[][] images) : ITrainingData&lt;byte[]&gt;
    /// {
    ///     public IEnumerable&lt;Lazy&lt;byte[]&gt;&gt; Read(int epoch)
    ///     {
    ///         byte[][] shuffled = [.. images];
    ///         new Random(epoch).Shuffle(shuffled);
    ///         return shuffled.Select(image => new Lazy&lt;byte[]&gt;(image));
    ///     }
    /// }
    /// </code>
    /// </example>
    /// <exception cref="ArgumentException">The model is not float32.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the run folder has a checkpoint to go on from.</exception>
    /// <exception cref="TrainingException">The loss is not a number, or memory is short.</exception>
    public static void Train(
        ImageTokenizer tokenizer, ITrainingData<byte[]> images, TokenizerTrainingOptions options,
        IReadOnlyList<byte[]>? validation = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        TorchRuntime.EnsureLoaded();
        using SharedUse.Use use = tokenizer.Begin();
        using var run = new TokenizerTraining(tokenizer, images, validation ?? [], options);
        run.Train(cancellationToken);
    }

    /// <summary>Trains a generator, from scratch or further. In the end it has the averaged weights.</summary>
    /// <param name="generator">A float32 model, on the device to train on.</param>
    /// <param name="samples">Classes and tokens of images.</param>
    /// <param name="options">How to train.</param>
    /// <param name="validation">Held-out samples, for early stopping.</param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    /// <inheritdoc cref="Train(ImageTokenizer, ITrainingData{byte[]}, TokenizerTrainingOptions, IReadOnlyList{byte[]}?, CancellationToken)" path="/exception"/>
    public static void Train(
        ImageGenerator generator, ITrainingData<TokenSample> samples, GeneratorTrainingOptions options,
        IReadOnlyList<TokenSample>? validation = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        TorchRuntime.EnsureLoaded();
        using SharedUse.Use use = generator.Begin();
        using var run = new GeneratorTraining(generator, samples, validation ?? [], options);
        run.Train(cancellationToken);
    }
}
