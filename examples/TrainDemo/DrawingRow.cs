using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

/// <summary>Drawings as the rows of a data view. Each is drawn when it is read and freed when the next one is.</summary>
internal sealed class DrawingRow
{
    /// <summary>Pixels of a side.</summary>
    public const int Side = 64;

    /// <summary>The picture; it belongs to the view that made the row.</summary>
    [ImageType(Side, Side)]
    public MLImage? Image { get; private set; }

    /// <summary>The class, from 0.</summary>
    public int Label { get; private set; }

    /// <summary>A view of drawings, in the order of their numbers.</summary>
    /// <param name="ml">Where to make it.</param>
    /// <param name="first">Number of the first.</param>
    /// <param name="count">How many.</param>
    /// <param name="softness">How much to blur which drawing, in pixels; null for not at all.</param>
    public static IDataView View(MLContext ml, int first, int count, Func<int, float>? softness = null) =>
        ml.Data.LoadFromEnumerable(Rows(first, count, number => Drawings.Draw(number, Side, softness?.Invoke(number) ?? 0)));

    /// <summary>A view of drawings and scraps in turns; a scrap's label means nothing.</summary>
    /// <inheritdoc cref="View(MLContext, int, int, Func{int, float})"/>
    public static IDataView WithScraps(MLContext ml, int first, int count) =>
        ml.Data.LoadFromEnumerable(Rows(first, count, number => Drawings.DrawWithScraps(number, Side)));

    private static IEnumerable<DrawingRow> Rows(int first, int count, Func<int, byte[]> draw)
    {
        for (int number = first; number < first + count; number++)
        {
            using MLImage image = MLImage.CreateFromPixels(Side, Side, MLPixelFormat.Rgba32, draw(number));
            yield return new() { Image = image, Label = Drawings.ClassOf(number) };
        }
    }
}
