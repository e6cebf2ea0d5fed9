using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using ResTok.MLNet.Decoding;
using ResTok.MLNet.Interop;
using ResTok.MLNet.Rows;
using ResTok.Models;

namespace ResTok.MLNet;

/// <summary>Adds the images of a token column. See <see cref="ResTokCatalog.ResTokDecode"/>.</summary>
public sealed class ResTokDecodingTransformer : BatchTransformer
{
    /// <summary>At most 24 characters.</summary>
    internal const string LoaderSignature = "ResTokDecode";
    private const string Signature = "RESTKDEC";

    private readonly string outputColumnName;
    private readonly string inputColumnName;
    private readonly ResTokTokenizer model;
    private readonly int? tokenCount;
    private readonly ResTokDecodingEstimator.Options options;

    internal ResTokDecodingTransformer(
        IHostEnvironment environment, string outputColumnName, string inputColumnName, ResTokTokenizer model, int? tokenCount, ResTokDecodingEstimator.Options options)
        : base(environment, model, options.BatchSize, options.OnInvalidRow)
    {
        this.outputColumnName = outputColumnName;
        this.inputColumnName = inputColumnName;
        this.model = model;
        this.tokenCount = tokenCount;
        this.options = options;
        Outputs = [new(outputColumnName, ImageType(model.Config))];
    }

    internal override IReadOnlyList<OutputColumn> Outputs { get; }

    internal static ImageDataViewType ImageType(TokenizerConfig config) => new(config.ImageSize, config.ImageSize);

    internal static DataViewSchema.Column[] FindColumns(DataViewSchema schema, string tokensName, string? countsName, TokenizerConfig config)
    {
        DataViewSchema.Column tokens = TokenColumn.Find(schema, tokensName, config.LatentTokens);
        if (countsName is null)
            return [tokens];
        return schema.GetColumnOrNull(countsName) is { } counts && counts.Type == NumberDataViewType.Int32
            ? [tokens, counts]
            : throw new ArgumentOutOfRangeException(nameof(schema), $"Column '{countsName}' of token counts must be there and be Int32.");
    }

    internal override DataViewSchema.Column[] FindInputs(DataViewSchema schema) =>
        FindColumns(schema, inputColumnName, options.TokenCountColumnName, model.Config);

    internal override BatchRunner CreateRunner(IRowSource source, DataViewSchema.Column[] inputs, int capacity)
    {
        ValueGetter<int>? counts = inputs.Length > 1 ? source.GetGetter<int>(inputs[1]) : null;
        return new DecodingRunner(TokenColumn.Reader(source, inputs[0]), counts, inputColumnName, tokenCount, model, Environment, options.OnInvalidRow, capacity);
    }

    private protected override void SaveModel(ModelSaveContext context)
    {
        MLNetInternals.WriteVersion(context, Signature, LoaderSignature);
        BinaryWriter writer = context.Writer;
        writer.Write(outputColumnName);
        writer.Write(inputColumnName);
        writer.Write(tokenCount ?? 0);
        writer.Write(options.BatchSize);
        writer.Write(options.TokenCountColumnName ?? "");
        writer.Write((int)options.OnInvalidRow);
        ModelStorage.Save(context, model.Weights, Environment);
    }

    /// <summary>Called by ML.NET when a pipeline is loaded.</summary>
    private static ResTokDecodingTransformer Create(IHostEnvironment environment, ModelLoadContext context) => SavedStage.Read(context, Signature, LoaderSignature, reader =>
    {
        string output = reader.ReadString(), input = reader.ReadString();
        int? tokenCount = reader.ReadInt32() is > 0 and var count ? count : null;
        var options = new ResTokDecodingEstimator.Options
        {
            BatchSize = reader.ReadInt32(),
            TokenCountColumnName = reader.ReadString() is { Length: > 0 } column ? column : null,
            OnInvalidRow = (InvalidRowHandling)reader.ReadInt32(),
        };
        ResTokTokenizer model = ModelStorage.LoadTokenizer(context, environment);
        return SavedStage.Checked(model, () => options.Validate(tokenCount, model.Config), () => new ResTokDecodingTransformer(environment, output, input, model, tokenCount, options));
    });
}
