using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Rows;
using ResTok.MLNet.Training;
using ResTok.Models;
using ResTok.Models.Training;

namespace ResTok.MLNet;

/// <summary>Trains a tokenizer on an image column. Made by <see cref="ResTokCatalog.ResTokTokenizerTrainer"/>.</summary>
public sealed class ResTokTokenizerTrainer : IEstimator<ResTokEncodingTransformer>
{
    private readonly IHostEnvironment environment;
    private readonly string outputColumnName;
    private readonly string inputColumnName;
    private readonly Options options;

    internal ResTokTokenizerTrainer(IHostEnvironment environment, string outputColumnName, string inputColumnName, Options options)
    {
        if (options.InitialCheckpoint is null)
            options.Config.Validate();
        options.Training.Validate();
        this.environment = environment;
        this.outputColumnName = outputColumnName;
        this.inputColumnName = inputColumnName;
        this.options = options;
    }

    /// <summary>Trains on all rows.</summary>
    /// <param name="input">Data with the image column. It is shuffled every epoch where it can be, and read in its own order where not.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or holds no images.</exception>
    /// <exception cref="OperationCanceledException">Training was cancelled; the run folder has a checkpoint to go on from.</exception>
    /// <exception cref="TrainingException">The loss is not a number, or memory is short.</exception>
    public ResTokEncodingTransformer Fit(IDataView input) => Fit(input, null);

    /// <summary>Trains, and validates on held-out rows.</summary>
    /// <param name="input">Data with the image column.</param>
    /// <param name="validation">Held-out data with the same column; its pictures are kept in memory.</param>
    /// <inheritdoc cref="Fit(IDataView)" path="/exception"/>
    public ResTokEncodingTransformer Fit(IDataView input, IDataView? validation)
    {
        ArgumentNullException.ThrowIfNull(input);
        ResTokEncodingTransformer.FindImages(input.Schema, inputColumnName);
        TorchSharp.torch.Device device = TorchDevice.Choose(environment);
        ImageTokenizer tokenizer = options.InitialCheckpoint is { } path
            ? ImageTokenizer.Load(path, device)
            : ImageTokenizer.Create(options.Config, device, seed: options.Training.Seed, initialization: options.Initialization);
        try
        {
            int size = tokenizer.Config.CropSize;
            List<byte[]>? held = validation is null ? null : Pictures(validation, new(size, crop: false, flip: false)).ReadAll();
            using var log = new TrainingLog(environment, options.Training, options.Cancellation);
            Trainer.Train(
                tokenizer, Pictures(input, new(size, options.RandomCrop, options.RandomFlip)),
                options.Training with { Progress = log, OnPicture = log.Write }, held, log.Cancellation);
        }
        catch
        {
            tokenizer.Dispose();
            throw;
        }
        return new(environment, outputColumnName, inputColumnName, SharedTokenizer.Of(ModelKinds.Tokenizer, tokenizer), options.Encoding);
    }

    /// <summary>Checks the image column and adds the columns that the trained transformer will add.</summary>
    /// <param name="inputSchema">The shape of the data.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or holds no images.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) =>
        ResTokEncodingEstimator.OutputSchema(inputSchema, outputColumnName, inputColumnName, options.Encoding);

    private ViewData<byte[]> Pictures(IDataView view, ImageAugmentation augmentation) => new(
        view, [ResTokEncodingTransformer.FindImages(view.Schema, inputColumnName)], options.Training.Seed, source =>
        {
            ValueGetter<MLImage> getter = source.GetGetter<MLImage>(view.Schema[inputColumnName]);
            MLImage image = null!;
            return random =>
            {
                getter(ref image); // belongs to the source
                return image is null
                    ? throw new InvalidOperationException($"Column '{inputColumnName}' has a row without an image. Filter such rows out first.")
                    : augmentation.Apply(ResTokImages.Rgb(image), image.Width, image.Height, random);
            };
        });

    /// <summary>What to train, and how.</summary>
    public sealed class Options
    {
        /// <summary>The tokenizer to make from scratch; ignored with <see cref="InitialCheckpoint"/>.</summary>
        public TokenizerConfig Config { get; init; } = new() { MergeTokens = true, PixelEncoder = true };

        /// <summary>How fresh weights start; by default so that tokenizers of any size learn.</summary>
        public WeightInitialization Initialization { get; init; } = WeightInitialization.FanIn;

        /// <summary>A saved tokenizer to train further, a path as for <see cref="ResTokModel.Load(string, ResTokModel.Options?)"/>; null to train from scratch.</summary>
        public string? InitialCheckpoint { get; init; }

        /// <summary>Length, losses, optimiser and run folder.</summary>
        public TokenizerTrainingOptions Training { get; init; } = new();

        /// <summary>Whether pictures are cut at random, as the reference does, and not in the middle.</summary>
        public bool RandomCrop { get; init; } = true;

        /// <summary>Whether every second picture on average is mirrored.</summary>
        public bool RandomFlip { get; init; } = true;

        /// <summary>How the trained transformer encodes.</summary>
        public ResTokEncodingEstimator.Options Encoding { get; init; } = new();

        /// <summary>Ends training before its next step.</summary>
        public CancellationToken Cancellation { get; init; }
    }
}
