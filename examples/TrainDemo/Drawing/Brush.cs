using SkiaSharp;

/// <summary>Random colours and paints.</summary>
internal static class Brush
{
    public static float Between(this Random random, double least, double most) => (float)(least + (most - least) * random.NextDouble());

    public static SKColor Color(this Random random, double dark = 0.2, double light = 0.95, double dull = 0.05, double vivid = 0.7) =>
        SKColor.FromHsv(random.Between(0, 360), 100 * random.Between(dull, vivid), 100 * random.Between(dark, light));

    /// <summary>A colour far from another in brightness.</summary>
    public static SKColor Contrast(this Random random, SKColor other)
    {
        other.ToHsv(out _, out _, out float value);
        double distance = (value > 57 ? -0.01 : 0.01) * random.Between(38, 50), level = value / 100 + distance;
        return random.Color(Math.Clamp(level, 0.05, 1), Math.Clamp(level, 0.05, 1));
    }

    public static SKPaint Fill(SKColor color) => new() { Color = color, IsAntialias = true };

    public static SKPaint Stroke(SKColor color, float width) =>
        new() { Color = color, IsAntialias = true, Style = SKPaintStyle.Stroke, StrokeWidth = width, StrokeCap = SKStrokeCap.Round, StrokeJoin = SKStrokeJoin.Round };

    /// <summary>Fills the unit square from one colour to another, in a random direction or downwards.</summary>
    public static void Background(SKCanvas canvas, SKColor from, SKColor to, Random? direction = null)
    {
        double angle = direction is null ? Math.PI / 2 : direction.Between(0, 2 * Math.PI);
        var half = new SKPoint((float)Math.Cos(angle) / 2, (float)Math.Sin(angle) / 2);
        using var paint = new SKPaint { Shader = SKShader.CreateLinearGradient(new(0.5f - half.X, 0.5f - half.Y), new(0.5f + half.X, 0.5f + half.Y), [from, to], SKShaderTileMode.Clamp) };
        canvas.DrawRect(-1, -1, 3, 3, paint);
    }

    public static void Polygon(SKCanvas canvas, SKPaint paint, params SKPoint[] corners)
    {
        using var path = new SKPath();
        path.AddPoly(corners);
        canvas.DrawPath(path, paint);
    }
}
