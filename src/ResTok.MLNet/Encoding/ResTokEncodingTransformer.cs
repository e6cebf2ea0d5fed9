using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using ResTok.MLNet.Encoding;
using ResTok.MLNet.Interop;
using ResTok.MLNet.Rows;
using ResTok.Models;

namespace ResTok.MLNet;

/// <summary>Adds the ResTok tokens of an image column. See <see cref="ResTokCatalog.ResTokEncode"/>.</summary>
public sealed class ResTokEncodingTransformer : BatchTransformer
{
    /// <summary>At most 24 characters.</summary>
    internal const string LoaderSignature = "ResTokEncode";
    private const string Signature = "RESTKENC";

    private readonly string outputColumnName;
    private readonly string inputColumnName;
    private readonly ResTokTokenizer model;
    private readonly ResTokEncodingEstimator.Options options;

    internal ResTokEncodingTransformer(
        IHostEnvironment environment, string outputColumnName, string inputColumnName, ResTokTokenizer model, ResTokEncodingEstimator.Options options)
        : base(environment, model, options.BatchSize, options.OnInvalidRow)
    {
        this.outputColumnName = outputColumnName;
        this.inputColumnName = inputColumnName;
        this.model = model;
        this.options = options;
        TokenizerConfig config = model.Config;
        var levels = new TokenLevels(config.LatentTokens);
        var outputs = new List<OutputColumn> { TokenColumn.Create(outputColumnName, levels, levels.TokenCount, config.CodebookSize, options.TokensAsKeys) };
        if (options.LatentsColumnName is { } latents)
            outputs.Add(new(latents, new VectorDataViewType(NumberDataViewType.Single, config.TokenSize * config.LatentTokens)));
        if (options.FeaturesColumnName is { } features)
            outputs.Add(new(features, new VectorDataViewType(NumberDataViewType.Single, config.EncoderWidth)));
        Outputs = outputs;
    }

    internal override IReadOnlyList<OutputColumn> Outputs { get; }

    /// <summary>Makes a handle to the transformer's weights, for instance for <see cref="ResTokCatalog.ResTokDecode"/> after training.</summary>
    /// <returns>A handle that the caller disposes.</returns>
    /// <exception cref="ObjectDisposedException">The weights were freed.</exception>
    public ResTokTokenizer ShareModel() => model.Share();

    internal static DataViewSchema.Column FindImages(DataViewSchema schema, string name)
    {
        DataViewSchema.Column column = schema.GetColumnOrNull(name)
            ?? throw new ArgumentOutOfRangeException(nameof(schema), $"There is no column '{name}'. Load images into it first, for instance with LoadImages.");
        return column.Type is ImageDataViewType ? column : throw new ArgumentOutOfRangeException(
            nameof(schema), $"Column '{name}' must hold images, but holds {column.Type}. Load images first, for instance with LoadImages.");
    }

    internal override DataViewSchema.Column[] FindInputs(DataViewSchema schema) => [FindImages(schema, inputColumnName)];

    internal override BatchRunner CreateRunner(IRowSource source, DataViewSchema.Column[] inputs, int capacity) => new EncodingRunner(
        new(source, inputs[0]), model, Environment, options, capacity);

    private protected override void SaveModel(ModelSaveContext context)
    {
        MLNetInternals.WriteVersion(context, Signature, LoaderSignature);
        BinaryWriter writer = context.Writer;
        writer.Write(outputColumnName);
        writer.Write(inputColumnName);
        writer.Write(options.BatchSize);
        writer.Write((int)options.Resize);
        writer.Write(options.TokensAsKeys);
        writer.Write(options.LatentsColumnName ?? "");
        writer.Write(options.FeaturesColumnName ?? "");
        writer.Write((int)options.OnInvalidRow);
        writer.Write(options.SearchSteps);
        ModelStorage.Save(context, model.Weights, Environment);
    }

    /// <summary>Called by ML.NET when a pipeline is loaded.</summary>
    private static ResTokEncodingTransformer Create(IHostEnvironment environment, ModelLoadContext context) => SavedStage.Read(context, Signature, LoaderSignature, reader =>
    {
        string output = reader.ReadString(), input = reader.ReadString();
        var options = new ResTokEncodingEstimator.Options
        {
            BatchSize = reader.ReadInt32(),
            Resize = (ResTokResize)reader.ReadInt32(),
            TokensAsKeys = reader.ReadBoolean(),
            LatentsColumnName = reader.ReadString() is { Length: > 0 } latents ? latents : null,
            FeaturesColumnName = reader.ReadString() is { Length: > 0 } features ? features : null,
            OnInvalidRow = (InvalidRowHandling)reader.ReadInt32(),
            SearchSteps = reader.ReadInt32(),
        };
        options.Validate(output);
        return new ResTokEncodingTransformer(environment, output, input, ModelStorage.LoadTokenizer(context, environment), options);
    });
}
