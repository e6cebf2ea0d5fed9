using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Generation;
using ResTok.MLNet.Interop;
using ResTok.MLNet.Rows;
using ResTok.Models;

namespace ResTok.MLNet;

/// <summary>Adds the tokens of images generated for a label column. See <see cref="ResTokCatalog.ResTokGenerate"/>.</summary>
public sealed class ResTokGenerationTransformer : BatchTransformer
{
    /// <summary>At most 24 characters.</summary>
    internal const string LoaderSignature = "ResTokGenerate";
    private const string Signature = "RESTKGEN";

    private readonly string outputColumnName;
    private readonly string labelColumnName;
    private readonly ResTokGenerator model;
    private readonly ResTokGenerationEstimator.Options options;

    internal ResTokGenerationTransformer(
        IHostEnvironment environment, string outputColumnName, string labelColumnName, ResTokGenerator model, ResTokGenerationEstimator.Options options)
        : base(environment, model, options.BatchSize, options.OnInvalidRow)
    {
        this.outputColumnName = outputColumnName;
        this.labelColumnName = labelColumnName;
        this.model = model;
        this.options = options;
        var levels = new TokenLevels(model.Config.Tokens);
        Outputs = [TokenColumn.Create(outputColumnName, levels, levels.TokensIn(options.Levels ?? levels.Count), model.Config.CodebookSize, options.TokensAsKeys)];
    }

    internal override IReadOnlyList<OutputColumn> Outputs { get; }

    /// <summary>Makes a handle to the transformer's weights, for other stages after training.</summary>
    /// <returns>A handle that the caller disposes.</returns>
    /// <exception cref="ObjectDisposedException">The weights were freed.</exception>
    public ResTokGenerator ShareModel() => model.Share();

    internal static DataViewSchema.Column[] FindColumns(DataViewSchema schema, string labelColumnName, ResTokGenerationEstimator.Options options, GeneratorConfig config)
    {
        var found = new List<DataViewSchema.Column> { LabelColumn.Find(schema, labelColumnName, config) };
        if (options.SeedColumnName is not null)
            found.Add(IntegerColumn.Find(schema, options.SeedColumnName, "seeds"));
        if (options.PrefixColumnName is not null)
            found.Add(TokenColumn.Find(schema, options.PrefixColumnName, config.Tokens));
        return [.. found];
    }

    internal override DataViewSchema.Column[] FindInputs(DataViewSchema schema) => FindColumns(schema, labelColumnName, options, model.Config);

    internal override BatchRunner CreateRunner(IRowSource source, DataViewSchema.Column[] inputs, int capacity) =>
        new GenerationRunner(source, inputs, model, Environment, options, capacity);

    private protected override void SaveModel(ModelSaveContext context)
    {
        MLNetInternals.WriteVersion(context, Signature, LoaderSignature);
        BinaryWriter writer = context.Writer;
        writer.Write(outputColumnName);
        writer.Write(labelColumnName);
        writer.Write(options.SeedColumnName ?? "");
        writer.Write(options.PrefixColumnName ?? "");
        writer.Write(options.BatchSize);
        writer.Write(options.Levels ?? 0);
        writer.Write(options.PrefixLevels ?? -1);
        writer.Write(options.TokensAsKeys);
        writer.Write(JsonSerializer.Serialize(options.Sampling));
        writer.Write((int)options.OnInvalidRow);
        ModelStorage.Save(context, model.Weights, Environment);
    }

    /// <summary>Called by ML.NET when a pipeline is loaded.</summary>
    private static ResTokGenerationTransformer Create(IHostEnvironment environment, ModelLoadContext context) => SavedStage.Read(context, Signature, LoaderSignature, reader =>
    {
        string output = reader.ReadString(), label = reader.ReadString();
        var options = new ResTokGenerationEstimator.Options
        {
            SeedColumnName = reader.ReadString() is { Length: > 0 } seed ? seed : null,
            PrefixColumnName = reader.ReadString() is { Length: > 0 } prefix ? prefix : null,
            BatchSize = reader.ReadInt32(),
            Levels = reader.ReadInt32() is > 0 and var levels ? levels : null,
            PrefixLevels = reader.ReadInt32() is >= 0 and var kept ? kept : null,
            TokensAsKeys = reader.ReadBoolean(),
            Sampling = JsonSerializer.Deserialize<SamplingOptions>(reader.ReadString()) ?? throw new JsonException("There are no sampling options."),
            OnInvalidRow = (InvalidRowHandling)reader.ReadInt32(),
        };
        ResTokGenerator model = ModelStorage.LoadGenerator(context, environment);
        return SavedStage.Checked(model, () => options.Validate(model.Config), () => new ResTokGenerationTransformer(environment, output, label, model, options));
    });
}
