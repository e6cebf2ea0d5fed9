using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Images;
using ResTok.MLNet.Interop;
using ResTok.MLNet.Rows;
using ResTok.Models;

namespace ResTok.MLNet;

/// <summary>Turns a token column into images. Made by <see cref="ResTokCatalog.ResTokDecode"/>.</summary>
public sealed class ResTokDecodingEstimator : IEstimator<ResTokDecodingTransformer>
{
    private readonly IHostEnvironment environment;
    private readonly string outputColumnName;
    private readonly string inputColumnName;
    private readonly ResTokTokenizer model;
    private readonly int? tokenCount;
    private readonly Options options;

    internal ResTokDecodingEstimator(
        IHostEnvironment environment, string outputColumnName, string inputColumnName, ResTokTokenizer model, int? tokenCount, Options options)
    {
        options.Validate(tokenCount, model.Config);
        SkiaVersion.Check();
        this.environment = environment;
        this.outputColumnName = outputColumnName;
        this.inputColumnName = inputColumnName;
        this.model = model;
        this.tokenCount = tokenCount;
        this.options = options;
    }

    /// <summary>Makes the transformer; there is nothing to learn. The data's schema is checked, no row is read.</summary>
    /// <param name="input">Data with the token column.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    /// <exception cref="ObjectDisposedException">The model handle was disposed.</exception>
    public ResTokDecodingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        ResTokDecodingTransformer.FindColumns(input.Schema, inputColumnName, options.TokenCountColumnName, model.Config);
        return new(environment, outputColumnName, inputColumnName, model.Share(), tokenCount, options);
    }

    /// <summary>Checks the token column and adds the image column.</summary>
    /// <param name="inputSchema">The shape of the data.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var columns = inputSchema.ToDictionary(column => column.Name);
        TokenColumn.Check(columns, inputColumnName);
        if (options.TokenCountColumnName is { } counts && (!columns.TryGetValue(counts, out SchemaShape.Column column) || column.ItemType != NumberDataViewType.Int32))
            throw new ArgumentOutOfRangeException(nameof(inputSchema), $"Column '{counts}' of token counts must be there and be Int32.");
        columns[outputColumnName] = MLNetInternals.ScalarShape(outputColumnName, ResTokDecodingTransformer.ImageType(model.Config));
        return new SchemaShape(columns.Values);
    }

    /// <summary>How to decode.</summary>
    public sealed record Options
    {
        /// <summary>Images per run of the network, 1 to 4096. Larger is faster up to a point and takes more memory; results do not change.</summary>
        public int BatchSize { get; init; } = 8;

        /// <summary>A column of Int32 that says for each row how many leading tokens to use, 1 to N; null to use the same for all.</summary>
        public string? TokenCountColumnName { get; init; }

        /// <summary>What to do with rows whose tokens or token count are out of range or missing.</summary>
        public InvalidRowHandling OnInvalidRow { get; init; }

        internal void Validate(int? tokenCount, TokenizerConfig config)
        {
            if (tokenCount is { } count && (count < 1 || count > config.LatentTokens))
                throw new ArgumentOutOfRangeException(nameof(tokenCount), count, $"The token count must be from 1 to the model's {config.LatentTokens}.");
            if (tokenCount is not null && TokenCountColumnName is { } column)
                throw new ArgumentException($"Give either a token count or the column '{column}' of token counts, not both.", nameof(tokenCount));
            Rows.BatchSize.Check(BatchSize);
            Columns.CheckNames((nameof(TokenCountColumnName), TokenCountColumnName));
            TokenColumn.CheckMissing(OnInvalidRow, asKeys: true); // images can be missing
        }
    }
}
