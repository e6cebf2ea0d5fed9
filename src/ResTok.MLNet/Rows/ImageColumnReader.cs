using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResTok.MLNet.Rows;

/// <summary>Reads the images of a column, or says what is wrong with a row's.</summary>
internal sealed class ImageColumnReader(IRowSource source, DataViewSchema.Column column)
{
    private readonly ValueGetter<MLImage> getter = source.GetGetter<MLImage>(column);
    private MLImage? image;

    /// <param name="row">The position of the row that the source stands at, for messages.</param>
    /// <param name="use">What to make of the image, which stays the source's.</param>
    /// <param name="result">What was made of it.</param>
    /// <returns>Why nothing was, with column and row; null if it was.</returns>
    public string? Read<T>(long row, Func<MLImage, T> use, out T result)
    {
        result = default!;
        try
        {
            RowFaults.Read(getter, ref image!);
            if (image is null)
                return $"Column '{column.Name}' has no image in row {row}. Filter such rows out first, or set OnInvalidRow to Missing.";
        }
        catch (Exception fault) when (RowFaults.IsOfRow(fault))
        {
            return RowFaults.Describe(column, row, fault);
        }
        try
        {
            result = use(image);
            return null;
        }
        catch (Exception fault) when (RowFaults.IsOfRow(fault))
        {
            return $"Column '{column.Name}', row {row}: {fault.Message}";
        }
    }
}
