using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

/// <summary>Pictures as the rows of a data view. Each is made when it is read and freed when the next one is.</summary>
internal sealed class DrawingRow
{
    /// <summary>Pixels of a side.</summary>
    public const int Side = 64;

    private const int Ahead = 256; // pictures that all processors make together

    /// <summary>The picture; it belongs to the view that made the row.</summary>
    [ImageType(Side, Side)]
    public MLImage? Image { get; private set; }

    /// <summary>The class, from 0; −1 for none.</summary>
    public int Label { get; private set; }

    /// <summary>A view of drawings, in the order of their numbers.</summary>
    /// <param name="ml">Where to make it.</param>
    /// <param name="first">Number of the first.</param>
    /// <param name="count">How many.</param>
    /// <param name="softness">How much to blur which drawing, in pixels; null for not at all.</param>
    public static IDataView View(MLContext ml, int first, int count, Func<int, float>? softness = null) =>
        View(ml, first, count, number => (Drawings.Draw(number, Side, softness?.Invoke(number) ?? 0), Drawings.ClassOf(number)));

    /// <summary>A view of any pictures.</summary>
    /// <param name="ml">Where to make it.</param>
    /// <param name="first">Number of the first.</param>
    /// <param name="count">How many.</param>
    /// <param name="make">Makes a picture's RGBA and says its class. It is called by several threads.</param>
    public static IDataView View(MLContext ml, int first, int count, Func<int, (byte[] Rgba, int Label)> make) =>
        ml.Data.LoadFromEnumerable(Rows(first, count, make));

    private static IEnumerable<DrawingRow> Rows(int first, int count, Func<int, (byte[] Rgba, int Label)> make)
    {
        var made = new (byte[] Rgba, int Label)[Ahead];
        for (int start = 0; start < count; start += Ahead)
        {
            int some = Math.Min(Ahead, count - start), number = first + start;
            Parallel.For(0, some, i => made[i] = make(number + i));
            for (int i = 0; i < some; i++)
            {
                using MLImage image = MLImage.CreateFromPixels(Side, Side, MLPixelFormat.Rgba32, made[i].Rgba);
                yield return new() { Image = image, Label = made[i].Label };
            }
        }
    }
}
