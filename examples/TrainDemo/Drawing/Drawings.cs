using SkiaSharp;

/// <summary>The pictures that the demo model learns from: scenes of eleven classes, drawn at random. A number gives the same picture every time.</summary>
internal static class Drawings
{
    private static readonly (string Name, Action<SKCanvas, Random> Draw)[] Scenes =
    [
        ("sunset", Landscapes.Sunset), ("stripes", Patterns.Stripes), ("checks", Patterns.Checks), ("rings", Patterns.Rings),
        ("leaves", Patterns.Leaves), ("clouds", Landscapes.Clouds), ("house", Landscapes.House),
        ("face", Figures.Face), ("letter", Figures.Letter), ("flower", Figures.Flower), ("tree", Landscapes.Tree),
    ];

    /// <summary>The classes' names.</summary>
    public static IReadOnlyList<string> Classes { get; } = [.. Scenes.Select(scene => scene.Name)];

    /// <summary>The class of a picture: all classes take turns.</summary>
    public static int ClassOf(int number) => number % Scenes.Length;

    /// <summary>Draws a picture.</summary>
    /// <param name="number">Which.</param>
    /// <param name="side">Pixels of its side.</param>
    /// <param name="softness">Standard deviation of a blur, in pixels; 0 for none.</param>
    /// <returns>Four bytes a pixel, RGBA.</returns>
    public static byte[] Draw(int number, int side, float softness = 0) => Draw(number, side, softness, Scenes[ClassOf(number)].Draw);

    /// <summary>Draws a scrap: anything, of no class.</summary>
    /// <inheritdoc cref="Draw(int, int, float)"/>
    public static byte[] DrawScrap(int number, int side) =>
        Draw(number, side, 0, (canvas, random) => Scraps.Draw(canvas, random, Scenes[random.Next(Scenes.Length)].Draw));

    private static byte[] Draw(int number, int side, float softness, Action<SKCanvas, Random> draw)
    {
        var info = new SKImageInfo(side, side, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using SKSurface surface = SKSurface.Create(info);
        surface.Canvas.Scale(side); // scenes are drawn in the unit square
        var random = new Random(number);
        draw(surface.Canvas, random);
        surface.Canvas.DrawColor(Haze(random), SKBlendMode.SrcOver);
        if (softness > 0)
            Soften(surface, softness);
        using SKImage image = surface.Snapshot();
        using SKPixmap pixels = image.PeekPixels();
        return pixels.GetPixelSpan().ToArray();
    }

    private static void Soften(SKSurface surface, float softness)
    {
        using SKImage sharp = surface.Snapshot();
        using SKImageFilter blur = SKImageFilter.CreateBlur(softness, softness, SKShaderTileMode.Clamp);
        using var paint = new SKPaint { ImageFilter = blur };
        surface.Canvas.ResetMatrix();
        surface.Canvas.DrawImage(sharp, 0, 0, paint);
    }

    // Pictures differ in contrast, as in more or less misty air.
    private static SKColor Haze(Random random) => random.Color(0.4, 0.9, 0, 0.3).WithAlpha((byte)random.Next(52));
}
