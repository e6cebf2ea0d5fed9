using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Images;
using ResTok.MLNet.Rows;
using ResTok.MLNet.Training;
using ResTok.Models;
using ResTok.Models.Training;

namespace ResTok.MLNet;

/// <summary>Trains a tokenizer on an image column. Made by <see cref="ResTokCatalog.ResTokTrainTokenizer"/>.</summary>
public sealed class ResTokTokenizerTrainer : IEstimator<ResTokEncodingTransformer>
{
    private readonly IHostEnvironment environment;
    private readonly string outputColumnName;
    private readonly string inputColumnName;
    private readonly Options options;

    internal ResTokTokenizerTrainer(IHostEnvironment environment, string outputColumnName, string inputColumnName, Options options)
    {
        if (options.InitialModel is null)
            options.Config.Validate();
        options.Training.Validate();
        options.Encoding.Validate(outputColumnName); // now, and not when hours of training are over
        TokenColumn.CheckMissing(options.OnInvalidRow, asKeys: true); // such rows are left out
        SkiaVersion.Check();
        this.environment = environment;
        this.outputColumnName = outputColumnName;
        this.inputColumnName = inputColumnName;
        this.options = options;
    }

    /// <summary>Trains on all rows, and validates on those of <see cref="Options.ValidationSet"/>.</summary>
    /// <param name="input">Data with the image column. It is shuffled every epoch where it can be, and read in its own order where not.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or holds no images.</exception>
    /// <exception cref="InvalidOperationException">A row's image cannot be used, and such rows are to fail.</exception>
    /// <exception cref="OperationCanceledException">Training was cancelled; the run folder has a checkpoint to go on from.</exception>
    /// <exception cref="TrainingException">The loss is not a number, or memory is short.</exception>
    public ResTokEncodingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        ResTokEncodingTransformer.FindImages(input.Schema, inputColumnName);
        TorchSharp.torch.Device device = TorchDevice.Choose(environment);
        ImageTokenizer tokenizer = options.InitialModel is { } initial
            ? initial.Copy(initial.Config, device)
            : ImageTokenizer.Create(options.Config, device, seed: options.Training.Seed, initialization: options.Initialization);
        try
        {
            int size = tokenizer.Config.CropSize;
            List<byte[]>? held = options.ValidationSet is null ? null : Images(options.ValidationSet, new(size, crop: false, flip: false)).ReadAll();
            using var cancellation = new HostCancellation(environment, options.CancellationToken);
            var log = new TrainingLog(environment, options.Training);
            Trainer.Train(
                tokenizer, Images(input, new(size, options.RandomCrop, options.RandomFlip)),
                options.Training with { Progress = log, OnPreview = log.Write }, held, cancellation.Token);
        }
        catch
        {
            tokenizer.Dispose();
            throw;
        }
        return new(environment, outputColumnName, inputColumnName, ResTokTokenizer.FromModel(tokenizer), options.Encoding);
    }

    /// <summary>Checks the image column and adds the columns that the trained transformer will add.</summary>
    /// <param name="inputSchema">The shape of the data.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or holds no images.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) =>
        ResTokEncodingEstimator.OutputSchema(inputSchema, outputColumnName, inputColumnName, options.Encoding);

    private ViewData<byte[]> Images(IDataView view, ImageAugmentation augmentation)
    {
        DataViewSchema.Column column = ResTokEncodingTransformer.FindImages(view.Schema, inputColumnName);
        return new(environment, view, [column], options.Training.Seed, options.OnInvalidRow, source =>
        {
            var reader = new ImageColumnReader(source, column);
            return (long row, Random random, out byte[] sample) =>
                reader.Read(row, image => augmentation.Apply(ResTokImages.Rgb(image), image.Width, image.Height, random), out sample);
        });
    }

    /// <summary>What to train, and how.</summary>
    public sealed record Options
    {
        /// <summary>The tokenizer to make from scratch; ignored with <see cref="InitialModel"/>.</summary>
        public TokenizerConfig Config { get; init; } = new() { MergeTokens = true, PixelEncoder = true };

        /// <summary>How fresh weights start; by default so that tokenizers of any size learn.</summary>
        public WeightInitialization Initialization { get; init; } = WeightInitialization.FanIn;

        /// <summary>
        /// The tokenizer to train further; null to train from scratch. The caller keeps the handle and disposes it; its weights stay as they
        /// are.
        /// </summary>
        public ResTokTokenizer? InitialModel { get; init; }

        /// <summary>Held-out rows with the same columns, for validation, early stopping and previews; kept in memory. Null for none.</summary>
        public IDataView? ValidationSet { get; init; }

        /// <summary>Length, losses, optimiser and run folder.</summary>
        public TokenizerTrainingOptions Training { get; init; } = new();

        /// <summary>Whether images are cut at random, as the reference does, and not in the middle.</summary>
        public bool RandomCrop { get; init; } = true;

        /// <summary>Whether every second image on average is mirrored.</summary>
        public bool RandomFlip { get; init; } = true;

        /// <summary>
        /// What to do with rows, of the validation data too, whose image is absent or cannot be used: to fail with the column, the row and
        /// the reason, or with <see cref="InvalidRowHandling.Missing"/> to leave them out. How many were so is logged.
        /// </summary>
        public InvalidRowHandling OnInvalidRow { get; init; }

        /// <summary>How the trained transformer encodes.</summary>
        public ResTokEncodingEstimator.Options Encoding { get; init; } = new();

        /// <summary>Ends training before its next step, as ML.NET does where it cancels a context, for instance in AutoML.</summary>
        public CancellationToken CancellationToken { get; init; }
    }
}
