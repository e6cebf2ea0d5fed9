using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Generation;
using ResTok.MLNet.Rows;
using ResTok.MLNet.Training;
using ResTok.Models;
using ResTok.Models.Training;

namespace ResTok.MLNet;

/// <summary>Trains a generator on columns of tokens and labels. Made by <see cref="ResTokCatalog.ResTokGeneratorTrainer"/>.</summary>
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
        if (options.InitialCheckpoint is null)
            options.Config.Validate();
        options.Training.Validate();
        this.environment = environment;
        this.outputColumnName = outputColumnName;
        this.tokensColumnName = tokensColumnName;
        this.labelColumnName = labelColumnName;
        this.options = options;
    }

    /// <summary>Trains on all rows.</summary>
    /// <param name="input">Data with the columns of tokens and labels. It is shuffled every epoch where it can be.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    /// <exception cref="InvalidOperationException">A row's tokens or label are out of range.</exception>
    /// <exception cref="OperationCanceledException">Training was cancelled; the run folder has a checkpoint to go on from.</exception>
    /// <exception cref="TrainingException">The loss is not a number, or memory is short.</exception>
    public ResTokGenerationTransformer Fit(IDataView input) => Fit(input, null);

    /// <summary>Trains, and validates on held-out rows.</summary>
    /// <param name="input">Data with the columns of tokens and labels.</param>
    /// <param name="validation">Held-out data with the same columns, which is kept in memory.</param>
    /// <inheritdoc cref="Fit(IDataView)" path="/exception"/>
    public ResTokGenerationTransformer Fit(IDataView input, IDataView? validation)
    {
        ArgumentNullException.ThrowIfNull(input);
        TorchSharp.torch.Device device = TorchDevice.Choose(environment);
        ImageGenerator generator = options.InitialCheckpoint is { } path
            ? ImageGenerator.Load(path, device)
            : ImageGenerator.Create(options.Config, device, seed: options.Training.Seed);
        try
        {
            ViewData<TokenSample> samples = Samples(input, generator.Config);
            List<TokenSample>? held = validation is null ? null : Samples(validation, generator.Config).ReadAll();
            using var log = new TrainingLog(environment, options.Training, options.Cancellation);
            Trainer.Train(generator, samples, options.Training with { Progress = log, OnPicture = log.Write }, held, log.Cancellation);
        }
        catch
        {
            generator.Dispose();
            throw;
        }
        var columns = new GenerationColumns(labelColumnName, options.Generation.SeedColumnName, options.Generation.PrefixColumnName);
        return new(environment, outputColumnName, columns, SharedGenerator.Of(ModelKinds.Generator, generator), options.Generation);
    }

    /// <summary>Checks the columns and adds the column that the trained transformer will add.</summary>
    /// <param name="inputSchema">The shape of the data.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var shape = inputSchema.ToDictionary(column => column.Name);
        TokenColumn.Check(shape, tokensColumnName);
        IntegerColumn.Check(shape, labelColumnName, "labels");
        shape[outputColumnName] = TokenColumn.Shape(outputColumnName, options.Generation.TokensAsKeys);
        return new SchemaShape(shape.Values);
    }

    private ViewData<TokenSample> Samples(IDataView view, GeneratorConfig config)
    {
        DataViewSchema.Column tokens = TokenColumn.Find(view.Schema, tokensColumnName, int.MaxValue);
        DataViewSchema.Column label = ResTokGenerationTransformer.FindColumns(view.Schema, new(labelColumnName, null, null), config)[0];
        return new(view, [tokens, label], options.Training.Seed, source =>
        {
            Action<List<int>> readTokens = TokenColumn.Reader(source, tokens);
            Func<Int128> readLabel = IntegerColumn.Reader(source, label);
            var row = new List<int>();
            return random =>
            {
                readTokens(row);
                if (row.Count == 0 || row.Count % config.Tokens != 0)
                    throw new InvalidOperationException($"Column '{tokensColumnName}' has {row.Count} tokens in a row, but must have {config.Tokens} for each view of the picture.");
                int view = random.Next(row.Count / config.Tokens);
                Int128 value = readLabel();
                if (value < 0 || value >= config.Classes)
                    throw new InvalidOperationException($"Column '{labelColumnName}' has the label {value} in a row, but the generator's classes are 0 to {config.Classes - 1}.");
                int[] picture = [.. row.Skip(view * config.Tokens).Take(config.Tokens)];
                return TokenColumn.FaultOf(picture, config.CodebookSize, tokensColumnName, -1) is { } fault
                    ? throw new InvalidOperationException(fault)
                    : new((int)value, picture);
            };
        });
    }

    /// <summary>What to train, and how.</summary>
    public sealed class Options
    {
        /// <summary>The generator to make from scratch; ignored with <see cref="InitialCheckpoint"/>.</summary>
        public GeneratorConfig Config { get; init; } = new();

        /// <summary>A saved generator to train further, a path as for <see cref="ResTokGenerator.Load(string, ResTokModel.Options?)"/>; null to train from scratch.</summary>
        public string? InitialCheckpoint { get; init; }

        /// <summary>Length, optimiser and run folder.</summary>
        public GeneratorTrainingOptions Training { get; init; } = new();

        /// <summary>How the trained transformer generates.</summary>
        public ResTokGenerationEstimator.Options Generation { get; init; } = new();

        /// <summary>Ends training before its next step.</summary>
        public CancellationToken Cancellation { get; init; }
    }
}
