using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using ResTok.MLNet.Images;
using ResTok.MLNet.Interop;
using ResTok.MLNet.Rows;

namespace ResTok.MLNet;

/// <summary>Turns an image column into ResTok tokens. Made by <see cref="ResTokCatalog.ResTokEncode"/>.</summary>
public sealed class ResTokEncodingEstimator : IEstimator<ResTokEncodingTransformer>
{
    private readonly IHostEnvironment environment;
    private readonly string outputColumnName;
    private readonly string inputColumnName;
    private readonly ResTokTokenizer model;
    private readonly Options options;

    internal ResTokEncodingEstimator(IHostEnvironment environment, string outputColumnName, string inputColumnName, ResTokTokenizer model, Options options)
    {
        options.Validate(outputColumnName);
        if (options.SearchSteps > 0)
            model.ThrowIfNotLibTorch();
        SkiaVersion.Check();
        this.environment = environment;
        this.outputColumnName = outputColumnName;
        this.inputColumnName = inputColumnName;
        this.model = model;
        this.options = options;
    }

    /// <summary>Makes the transformer; there is nothing to learn. The data's schema is checked, no row is read.</summary>
    /// <param name="input">Data with the image column.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or holds no images.</exception>
    /// <exception cref="ObjectDisposedException">The model handle was disposed.</exception>
    public ResTokEncodingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        ResTokEncodingTransformer.FindImages(input.Schema, inputColumnName);
        return new(environment, outputColumnName, inputColumnName, model.Share(), options);
    }

    /// <summary>Checks the image column and adds the columns that the transformer will add.</summary>
    /// <param name="inputSchema">The shape of the data.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or holds no images.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) => OutputSchema(inputSchema, outputColumnName, inputColumnName, options);

    internal static SchemaShape OutputSchema(SchemaShape inputSchema, string outputColumnName, string inputColumnName, Options options)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var columns = inputSchema.ToDictionary(column => column.Name);
        if (!columns.TryGetValue(inputColumnName, out SchemaShape.Column input))
            throw new ArgumentOutOfRangeException(nameof(inputSchema), $"There is no column '{inputColumnName}'. Load images into it first, for instance with LoadImages.");
        if (input.ItemType is not ImageDataViewType)
            throw new ArgumentOutOfRangeException(nameof(inputSchema), $"Column '{inputColumnName}' must hold images, but holds {input.ItemType}. Load images first, for instance with LoadImages.");
        columns[outputColumnName] = TokenColumn.Shape(outputColumnName, options.TokensAsKeys);
        foreach (string? name in new[] { options.LatentsColumnName, options.FeaturesColumnName })
        {
            if (name is not null)
                columns[name] = MLNetInternals.VectorShape(name, NumberDataViewType.Single, false);
        }
        return new SchemaShape(columns.Values);
    }

    /// <summary>What to compute, and how.</summary>
    public sealed record Options
    {
        private const int MostSearchSteps = 200;

        /// <summary>Images per run of the network, 1 to 4096. Larger is faster up to a point and takes more memory; results do not change.</summary>
        public int BatchSize { get; init; } = 8;

        /// <summary>How images of other sizes are made to fit.</summary>
        public ResTokResize Resize { get; init; } = ResTokResize.ShorterEdgeCrop;

        /// <summary>
        /// Whether tokens are keys of the codebook's cardinality (token t is key t + 1), for <c>MapKeyToVector</c>, n-grams and the
        /// like, and not Int32.
        /// </summary>
        public bool TokensAsKeys { get; init; }

        /// <summary>A column to add with the quantised latents, Vector&lt;Single, C·N&gt;, channel by channel; null for none.</summary>
        public string? LatentsColumnName { get; init; }

        /// <summary>
        /// A column to add with the mean of the coarsest image tokens, Vector&lt;Single, D&gt;, a semantic feature for
        /// classification and search; null for none.
        /// </summary>
        public string? FeaturesColumnName { get; init; }

        /// <summary>
        /// Steps of a search for tokens that give the image back better than the encoder's, 0 to 200; 0 for the encoder's tokens. See
        /// <see cref="ResTok.Models.TokenSearch"/>: each step takes about as long as three decodings, 25 bring most of the gain, and which tokens are found may
        /// depend on the processor and on the batch. Needs <see cref="ResTokBackend.LibTorch"/>.
        /// </summary>
        public int SearchSteps { get; init; }

        /// <summary>What to do with rows without an image or with one that does not fit. <see cref="InvalidRowHandling.Missing"/> needs <see cref="TokensAsKeys"/>.</summary>
        public InvalidRowHandling OnInvalidRow { get; init; }

        internal void Validate(string outputColumnName)
        {
            Columns.CheckOutputs(("The output's name", outputColumnName), (nameof(LatentsColumnName), LatentsColumnName), (nameof(FeaturesColumnName), FeaturesColumnName));
            Rows.BatchSize.Check(BatchSize);
            if (!Enum.IsDefined(Resize))
                throw new ArgumentOutOfRangeException("options", Resize, $"Resize must be one of {string.Join(", ", Enum.GetNames<ResTokResize>())}.");
            if (SearchSteps is < 0 or > MostSearchSteps)
                throw new ArgumentOutOfRangeException("options", SearchSteps, $"SearchSteps must be from 0, for no search, to {MostSearchSteps}, beyond which little more is found.");
            TokenColumn.CheckMissing(OnInvalidRow, TokensAsKeys);
        }
    }
}
