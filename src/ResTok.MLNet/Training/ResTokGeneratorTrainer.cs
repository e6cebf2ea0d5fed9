using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Rows;
using ResTok.MLNet.Training;
using ResTok.Models;
using ResTok.Models.Training;

namespace ResTok.MLNet;

/// <summary>Trains a generator on columns of tokens and labels. Made by <see cref="ResTokCatalog.ResTokTrainGenerator"/>.</summary>
public sealed class ResTokGeneratorTrainer : IEstimator<ResTokGenerationTransformer>
{
    private readonly IHostEnvironment environment;
    private readonly string outputColumnName;
    private readonly string tokensColumnName;
    private readonly string labelColumnName;
    private readonly Options options;

    internal ResTokGeneratorTrainer(
        IHostEnvironment environment, string outputColumnName, string tokensColumnName, string labelColumnName, Options options)
    {
        if (options.InitialModel is null)
            options.Config.Validate();
        options.Training.Validate();
        TokenColumn.CheckMissing(options.OnInvalidRow, asKeys: true); // such rows are left out
        this.environment = environment;
        this.outputColumnName = outputColumnName;
        this.tokensColumnName = tokensColumnName;
        this.labelColumnName = labelColumnName;
        this.options = options;
    }

    /// <summary>Trains on all rows, and validates on those of <see cref="Options.ValidationSet"/>.</summary>
    /// <param name="input">Data with the columns of tokens and labels. It is shuffled every epoch where it can be.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    /// <exception cref="InvalidOperationException">A row's tokens or label are out of range, and such rows are to fail.</exception>
    /// <exception cref="OperationCanceledException">Training was cancelled; the run folder has a checkpoint to go on from.</exception>
    /// <exception cref="TrainingException">The loss is not a number, or memory is short.</exception>
    public ResTokGenerationTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        TorchSharp.torch.Device device = TorchDevice.Choose(environment);
        GeneratorConfig config = options.InitialModel?.Config ?? options.Config;
        options.Generation.Validate(config); // now, and not when hours of training are over
        TokenColumn.Find(input.Schema, tokensColumnName, int.MaxValue);
        config = config with { ClassNames = LabelColumn.NamesToLearn(LabelColumn.Find(input.Schema, labelColumnName, config), config) };
        ImageGenerator generator = options.InitialModel is { } initial
            ? initial.Copy(config, device)
            : ImageGenerator.Create(config, device, seed: options.Training.Seed);
        try
        {
            ViewData<TokenSample> samples = Samples(input, generator.Config);
            List<TokenSample>? held = options.ValidationSet is null ? null : Samples(options.ValidationSet, generator.Config).ReadAll();
            using var cancellation = new HostCancellation(environment, options.CancellationToken);
            var log = new TrainingLog(environment, options.Training);
            Trainer.Train(generator, samples, options.Training with { Progress = log, OnPreview = log.Write }, held, cancellation.Token);
        }
        catch
        {
            generator.Dispose();
            throw;
        }
        return new(environment, outputColumnName, labelColumnName, ResTokGenerator.FromModel(generator), options.Generation);
    }

    /// <summary>Checks the columns and adds the column that the trained transformer will add.</summary>
    /// <param name="inputSchema">The shape of the data.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var shape = inputSchema.ToDictionary(column => column.Name);
        TokenColumn.Check(shape, tokensColumnName);
        LabelColumn.Check(shape, labelColumnName, (options.InitialModel?.Config ?? options.Config).ClassNames);
        shape[outputColumnName] = TokenColumn.Shape(outputColumnName, options.Generation.TokensAsKeys);
        return new SchemaShape(shape.Values);
    }

    private ViewData<TokenSample> Samples(IDataView view, GeneratorConfig config)
    {
        DataViewSchema.Column tokens = TokenColumn.Find(view.Schema, tokensColumnName, int.MaxValue);
        DataViewSchema.Column label = LabelColumn.Find(view.Schema, labelColumnName, config);
        return new(environment, view, [tokens, label], options.Training.Seed, options.OnInvalidRow, source =>
        {
            Action<List<int>> readTokens = TokenColumn.Reader(source, tokens);
            LabelColumn.Reader readLabel = LabelColumn.CreateReader(source, label, config);
            var all = new List<int>();
            return (long row, Random random, out TokenSample sample) =>
            {
                sample = default!;
                readTokens(all);
                if (all.Count == 0 || all.Count % config.Tokens != 0)
                    return $"Column '{tokensColumnName}' has {all.Count} tokens in row {row}, but must have {config.Tokens} for each view of the image.";
                int view = random.Next(all.Count / config.Tokens);
                if (readLabel(row, out int value) is { } unknown)
                    return unknown;
                int[] image = [.. all.Skip(view * config.Tokens).Take(config.Tokens)];
                if (TokenColumn.FaultOf(image, config.CodebookSize, tokensColumnName, row) is { } fault)
                    return fault;
                sample = new(value, image);
                return null;
            };
        });
    }

    /// <summary>What to train, and how.</summary>
    public sealed record Options
    {
        /// <summary>
        /// The generator to make from scratch; ignored with <see cref="InitialModel"/>. Where it names no classes and the labels are keys
        /// with names (of <c>MapValueToKey</c>), it learns those, so that the trained generator takes them as labels.
        /// </summary>
        public GeneratorConfig Config { get; init; } = new();

        /// <summary>
        /// The generator to train further; null to train from scratch. The caller keeps the handle and disposes it; its weights stay as they
        /// are.
        /// </summary>
        public ResTokGenerator? InitialModel { get; init; }

        /// <summary>Held-out rows with the same columns, for validation, early stopping and previews; kept in memory. Null for none.</summary>
        public IDataView? ValidationSet { get; init; }

        /// <summary>Length, optimiser and run folder.</summary>
        public GeneratorTrainingOptions Training { get; init; } = new();

        /// <summary>
        /// What to do with rows, of the validation data too, whose tokens or label are out of range or missing: to fail with the column, the
        /// row and the value, or with <see cref="InvalidRowHandling.Missing"/> to leave them out. How many were so is logged.
        /// </summary>
        public InvalidRowHandling OnInvalidRow { get; init; }

        /// <summary>How the trained transformer generates.</summary>
        public ResTokGenerationEstimator.Options Generation { get; init; } = new();

        /// <summary>Ends training before its next step, as ML.NET does where it cancels a context, for instance in AutoML.</summary>
        public CancellationToken CancellationToken { get; init; }
    }
}
