using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Interop;
using ResTok.MLNet.Rows;
using ResTok.Models;

namespace ResTok.MLNet;

/// <summary>Turns a label column into the tokens of generated images. Made by <see cref="ResTokCatalog.ResTokGenerate"/>.</summary>
public sealed class ResTokGenerationEstimator : IEstimator<ResTokGenerationTransformer>
{
    private readonly IHostEnvironment environment;
    private readonly string outputColumnName;
    private readonly string labelColumnName;
    private readonly ResTokGenerator generator;
    private readonly Options options;

    internal ResTokGenerationEstimator(
        IHostEnvironment environment, string outputColumnName, string labelColumnName, ResTokGenerator generator, Options options)
    {
        options.Validate(generator.Config);
        this.environment = environment;
        this.outputColumnName = outputColumnName;
        this.labelColumnName = labelColumnName;
        this.generator = generator;
        this.options = options;
    }

    /// <summary>Makes the transformer; there is nothing to learn. The data's schema is checked, no row is read.</summary>
    /// <param name="input">Data with the label column.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    /// <exception cref="ObjectDisposedException">The model handle was disposed.</exception>
    public ResTokGenerationTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        DataViewSchema.Column label = ResTokGenerationTransformer.FindColumns(input.Schema, labelColumnName, options, generator.Config)[0];
        if (LabelColumn.FaultOf(label, generator.Config) is { } warning)
            MLNetInternals.LogWarning(environment, warning);
        return new(environment, outputColumnName, labelColumnName, generator.Share(), options);
    }

    /// <summary>Checks the columns it reads and adds the token column.</summary>
    /// <param name="inputSchema">The shape of the data.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var shape = inputSchema.ToDictionary(column => column.Name);
        LabelColumn.Check(shape, labelColumnName, generator.Config.ClassNames);
        if (options.SeedColumnName is not null)
            IntegerColumn.Check(shape, options.SeedColumnName, "seeds");
        if (options.PrefixColumnName is not null)
            TokenColumn.Check(shape, options.PrefixColumnName);
        shape[outputColumnName] = TokenColumn.Shape(outputColumnName, options.TokensAsKeys);
        return new SchemaShape(shape.Values);
    }

    /// <summary>What to generate, and how.</summary>
    public sealed record Options
    {
        /// <summary>How tokens are drawn; by default as the paper evaluates.</summary>
        public SamplingOptions Sampling { get; init; } = SamplingOptions.Official;

        /// <summary>Images per run of the network, 1 to 4096. Larger is faster up to a point and takes more memory; results do not change.</summary>
        public int BatchSize { get; init; } = 8;

        /// <summary>
        /// Levels to generate, coarsest first, 1 to the model's (8 officially); all if null. The token column is shorter then, and the
        /// cost lower.
        /// </summary>
        public int? Levels { get; init; }

        /// <summary>Whether tokens are keys of the codebook's cardinality (token t is key t + 1) and not Int32.</summary>
        public bool TokensAsKeys { get; init; }

        /// <summary>
        /// A column of any integer type that, with <see cref="SamplingOptions.Seed"/>, chooses a row's random stream; null to use the
        /// row's id. Rows of the same label, seed and value come out the same. A <c>PredictionEngine</c>'s rows all have the same id, so
        /// there this column is what varies images.
        /// </summary>
        public string? SeedColumnName { get; init; }

        /// <summary>
        /// A column of leading tokens to keep, Vector&lt;Int32&gt; or keys, for variations of an encoded image; null for none. The tokens
        /// kept must end where a level ends, or be among the first that are generated one by one.
        /// </summary>
        public string? PrefixColumnName { get; init; }

        /// <summary>How many levels of the prefix column to keep; null for all its tokens.</summary>
        public int? PrefixLevels { get; init; }

        /// <summary>Hears of every pass, on the thread that reads rows. It is not saved.</summary>
        public IProgress<ResTokGenerationProgress>? Progress { get; init; }

        /// <summary>What to do with rows whose label or prefix is out of range or missing. <see cref="InvalidRowHandling.Missing"/> needs <see cref="TokensAsKeys"/>.</summary>
        public InvalidRowHandling OnInvalidRow { get; init; }

        internal void Validate(GeneratorConfig config)
        {
            int levels = new TokenLevels(config.Tokens).Count;
            Rows.BatchSize.Check(BatchSize);
            Columns.CheckNames((nameof(SeedColumnName), SeedColumnName), (nameof(PrefixColumnName), PrefixColumnName));
            TokenColumn.CheckMissing(OnInvalidRow, TokensAsKeys);
            if (Levels is { } wanted && (wanted < 1 || wanted > levels))
                throw new ArgumentOutOfRangeException("options", wanted, $"The levels must be from 1 to the model's {levels}.");
            if (PrefixLevels is { } kept && (kept < 0 || kept > (Levels ?? levels)))
                throw new ArgumentOutOfRangeException("options", kept, $"The prefix levels must be from 0 to the {Levels ?? levels} levels that are generated.");
            if (PrefixLevels is not null && PrefixColumnName is null)
                throw new ArgumentException("Prefix levels are given, but no prefix column to take them from.", "options");
            Sampling.Validate();
            if (Sampling.GuidanceScale > 1 && config.ClassDropout == 0)
                throw new ArgumentException("Classifier-free guidance needs a null class, which this model lacks (class_dropout_prob is 0). Set Sampling.GuidanceScale to 1.", "options");
        }
    }
}
