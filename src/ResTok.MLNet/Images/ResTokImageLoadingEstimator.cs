using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using ResTok.MLNet.Images;
using ResTok.MLNet.Interop;
using ResTok.MLNet.Rows;

namespace ResTok.MLNet;

/// <summary>Reads image files into an image column. Made by <see cref="ResTokCatalog.ResTokLoadImages"/>.</summary>
public sealed class ResTokImageLoadingEstimator : IEstimator<ResTokImageLoadingTransformer>
{
    private readonly IHostEnvironment environment;
    private readonly string outputColumnName;
    private readonly string inputColumnName;
    private readonly string? imageFolder;
    private readonly Options options;

    internal ResTokImageLoadingEstimator(IHostEnvironment environment, string outputColumnName, string inputColumnName, string? imageFolder, Options options)
    {
        options.Validate();
        SkiaVersion.Check();
        this.environment = environment;
        this.outputColumnName = outputColumnName;
        this.inputColumnName = inputColumnName;
        this.imageFolder = imageFolder;
        this.options = options;
    }

    /// <summary>Makes the transformer; there is nothing to learn. The data's schema is checked, no row is read.</summary>
    /// <param name="input">Data with the column of paths or of files' contents.</param>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or of the wrong type.</exception>
    public ResTokImageLoadingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        ResTokImageLoadingTransformer.FindFiles(input.Schema, inputColumnName);
        return new(environment, outputColumnName, inputColumnName, imageFolder, options);
    }

    /// <summary>Checks the column of paths or contents and adds the image column.</summary>
    /// <param name="inputSchema">The shape of the data.</param>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var columns = inputSchema.ToDictionary(column => column.Name);
        if (!columns.TryGetValue(inputColumnName, out SchemaShape.Column column))
            throw ResTokImageLoadingTransformer.Missing(inputColumnName);
        bool isScalar = column.Kind == SchemaShape.Column.VectorKind.Scalar;
        if (!(isScalar ? column.ItemType is TextDataViewType : column.ItemType == NumberDataViewType.Byte && !column.IsKey))
            throw ResTokImageLoadingTransformer.WrongType(inputColumnName, $"{column.Kind} of {column.ItemType}");
        columns[outputColumnName] = MLNetInternals.ScalarShape(outputColumnName, new ImageDataViewType());
        return new SchemaShape(columns.Values);
    }

    /// <summary>What to read, and how.</summary>
    public sealed record Options
    {
        /// <summary>
        /// The most pixels that an image may have, at least 1. A file of half a megabyte can claim 900 million, which take 3.6 GB: the size
        /// is looked at before any memory is taken. By default 178,956,970, at which Pillow refuses too.
        /// </summary>
        public long MostPixels { get; init; } = ImageFile.MostPixels;

        /// <summary>
        /// Whether images are turned and mirrored as their Exif data say, which cameras write. By default they are not, as the reference
        /// does not.
        /// </summary>
        public bool FollowOrientation { get; init; }

        /// <summary>What to do with rows whose image is absent or cannot be read whole: to fail, or to go on with null for an image.</summary>
        public InvalidRowHandling OnInvalidRow { get; init; }

        internal void Validate()
        {
            if (MostPixels < 1)
                throw new ArgumentOutOfRangeException("options", MostPixels, "MostPixels must be at least 1.");
            TokenColumn.CheckMissing(OnInvalidRow, asKeys: true); // images can be missing
        }
    }
}
