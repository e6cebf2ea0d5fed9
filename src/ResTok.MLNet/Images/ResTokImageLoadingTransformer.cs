using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using ResTok.MLNet.Images;
using ResTok.MLNet.Interop;
using ResTok.MLNet.Rows;

namespace ResTok.MLNet;

/// <summary>Adds the images of a column of files. See <see cref="ResTokCatalog.ResTokLoadImages"/>.</summary>
public sealed class ResTokImageLoadingTransformer : BatchTransformer
{
    /// <summary>At most 24 characters.</summary>
    internal const string LoaderSignature = "ResTokLoadImages";
    private const string Signature = "RESTKIMG";

    private readonly string outputColumnName;
    private readonly string inputColumnName;
    private readonly string? imageFolder;
    private readonly ResTokImageLoadingEstimator.Options options;

    internal ResTokImageLoadingTransformer(
        IHostEnvironment environment, string outputColumnName, string inputColumnName, string? imageFolder, ResTokImageLoadingEstimator.Options options)
        : base(environment, model: null, batchSize: 1, options.OnInvalidRow)
    {
        this.outputColumnName = outputColumnName;
        this.inputColumnName = inputColumnName;
        this.imageFolder = imageFolder;
        this.options = options;
        Outputs = [new(outputColumnName, new ImageDataViewType())];
    }

    internal override bool IsRowByRow => true;

    internal override IReadOnlyList<OutputColumn> Outputs { get; }

    internal static DataViewSchema.Column FindFiles(DataViewSchema schema, string name)
    {
        DataViewSchema.Column column = schema.GetColumnOrNull(name) ?? throw Missing(name);
        return column.Type is TextDataViewType || (column.Type is VectorDataViewType vector && vector.ItemType == NumberDataViewType.Byte)
            ? column
            : throw WrongType(name, $"{column.Type}");
    }

    internal static ArgumentOutOfRangeException Missing(string name) => new("schema", $"There is no column '{name}' of image files.");

    internal static ArgumentOutOfRangeException WrongType(string name, string type) => new(
        "schema", $"Column '{name}' must hold paths of image files (text), or what is in them (a vector of bytes, as LoadRawImageBytes gives), but is {type}.");

    internal override DataViewSchema.Column[] FindInputs(DataViewSchema schema) => [FindFiles(schema, inputColumnName)];

    internal override BatchRunner CreateRunner(IRowSource source, DataViewSchema.Column[] inputs, int capacity) =>
        new ImageLoadingRunner(source, inputs[0], imageFolder, Environment, options);

    private protected override void SaveModel(ModelSaveContext context)
    {
        MLNetInternals.WriteVersion(context, Signature, LoaderSignature);
        BinaryWriter writer = context.Writer;
        writer.Write(outputColumnName);
        writer.Write(inputColumnName);
        writer.Write(imageFolder ?? "");
        writer.Write(options.MostPixels);
        writer.Write(options.FollowOrientation);
        writer.Write((int)options.OnInvalidRow);
    }

    /// <summary>Called by ML.NET when a pipeline is loaded.</summary>
    private static ResTokImageLoadingTransformer Create(IHostEnvironment environment, ModelLoadContext context) => SavedStage.Read(context, Signature, LoaderSignature, reader =>
    {
        string output = reader.ReadString(), input = reader.ReadString(), folder = reader.ReadString();
        var options = new ResTokImageLoadingEstimator.Options
        {
            MostPixels = reader.ReadInt64(),
            FollowOrientation = reader.ReadBoolean(),
            OnInvalidRow = (InvalidRowHandling)reader.ReadInt32(),
        };
        options.Validate();
        return new ResTokImageLoadingTransformer(environment, output, input, folder, options);
    });
}
