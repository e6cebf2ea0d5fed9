using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResTok.MLNet.Rows;

namespace ResTok.MLNet.Images;

/// <summary>Reads the image file of a row.</summary>
internal sealed class ImageLoadingRunner(
    IRowSource source, DataViewSchema.Column column, string? imageFolder, IHostEnvironment environment, ResTokImageLoadingEstimator.Options options)
    : BatchRunner(environment, null, options.OnInvalidRow, 1)
{
    private readonly Func<DecodedImage?> decode = column.Type is TextDataViewType ? OfPath(source, column, imageFolder ?? "", options) : OfContent(source, column, options);
    private DecodedImage? decoded;
    private MLImage? given;

    /// <summary>
    /// As LoadImages has it, for the stages of ML.NET that read images: an image is the reader's until the next is read into the same
    /// variable, or until the cursor is disposed. Images of others are left alone.
    /// </summary>
    public override Delegate Getter(int output, Func<int> slot) => (ValueGetter<MLImage>)((ref MLImage value) =>
    {
        bool isMissing = IsMissing(slot());
        if (value is not null && ReferenceEquals(value, given))
            given.Dispose();
        value = given = isMissing ? null! : decoded!.ToImage();
        if (!isMissing)
            ImageFile.MarkWhole(value!);
    });

    public override void Dispose()
    {
        decoded?.Dispose();
        given?.Dispose();
        decoded = null;
        base.Dispose();
    }

    protected override void RunBatch(int count)
    {
    }

    protected override string? ReadRow(int slot, long position)
    {
        decoded?.Dispose();
        decoded = null;
        try
        {
            decoded = decode();
            return decoded is null ? $"Column '{column.Name}' names no file in row {position}. Filter such rows out first, or set OnInvalidRow to Missing." : null;
        }
        catch (Exception fault) when (RowFaults.IsOfRow(fault))
        {
            return $"Column '{column.Name}' has no readable image in row {position}: {fault.Message}";
        }
    }

    private static Func<DecodedImage?> OfPath(IRowSource source, DataViewSchema.Column column, string folder, ResTokImageLoadingEstimator.Options options)
    {
        ValueGetter<ReadOnlyMemory<char>> getter = source.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> path = default;
        return () =>
        {
            getter(ref path);
            return path.IsEmpty ? null : ImageFile.Decode(Path.Combine(folder, path.ToString()), options.MostPixels, options.FollowOrientation);
        };
    }

    private static Func<DecodedImage?> OfContent(IRowSource source, DataViewSchema.Column column, ResTokImageLoadingEstimator.Options options)
    {
        ValueGetter<VBuffer<byte>> getter = source.GetGetter<VBuffer<byte>>(column);
        VBuffer<byte> content = default;
        return () =>
        {
            getter(ref content);
            return content.Length == 0 ? null : DecodedImage.Decode([.. content.DenseValues()], "its content", options.MostPixels, options.FollowOrientation);
        };
    }
}
