using SkiaSharp;

/// <summary>Regular patterns and dead leaves.</summary>
internal static class Patterns
{
    public static void Stripes(SKCanvas canvas, Random random)
    {
        SKColor ground = random.Color(), stripe = random.Contrast(ground);
        float period = random.Between(0.26, 0.7), width = period * random.Between(0.35, 0.65);
        Brush.Background(canvas, ground, Near(random, ground), random);
        canvas.RotateDegrees(random.Between(0, 180), 0.5f, 0.5f);
        using SKPaint paint = Brush.Fill(stripe);
        for (float x = -1 + random.Between(0, period); x < 2; x += period)
            canvas.DrawRect(x, -1, width, 3, paint);
    }

    public static void Checks(SKCanvas canvas, Random random)
    {
        SKColor ground = random.Color(), square = random.Contrast(ground);
        float cell = random.Between(0.22, 0.45);
        Brush.Background(canvas, ground, Near(random, ground), random);
        canvas.RotateDegrees(random.Next(3) == 0 ? random.Between(0, 90) : 0, 0.5f, 0.5f);
        using SKPaint paint = Brush.Fill(square);
        float left = -1 + random.Between(0, 2 * cell), top = -1 + random.Between(0, 2 * cell);
        for (int row = 0; top + row * cell < 2; row++)
        {
            for (int column = row % 2; left + column * cell < 2; column += 2)
                canvas.DrawRect(left + column * cell, top + row * cell, cell, cell, paint);
        }
    }

    public static void Rings(SKCanvas canvas, Random random)
    {
        SKColor ground = random.Color(), ring = random.Contrast(ground);
        float period = random.Between(0.24, 0.5), x = random.Between(0.2, 0.8), y = random.Between(0.2, 0.8);
        Brush.Background(canvas, ground, Near(random, ground), random);
        using SKPaint paint = Brush.Stroke(ring, period * random.Between(0.35, 0.6));
        for (float radius = random.Between(0.02, period); radius < 1.4; radius += period)
            canvas.DrawCircle(x, y, radius, paint);
    }

    public static void Discs(SKCanvas canvas, Random random) => Leaves(canvas, random, (paint, size) => canvas.DrawCircle(0, 0, size, paint));

    public static void Boxes(SKCanvas canvas, Random random) => Leaves(canvas, random, (paint, size) =>
    {
        canvas.RotateDegrees(random.Between(0, 90));
        float height = size * random.Between(0.5, 1);
        canvas.DrawRect(-size, -height, 2 * size, 2 * height, paint);
    });

    /// <summary>Shapes of one kind that cover each other, the smaller on top.</summary>
    private static void Leaves(SKCanvas canvas, Random random, Action<SKPaint, float> shape)
    {
        Brush.Background(canvas, random.Color(), random.Color(), random);
        int count = random.Next(4, 9);
        for (int i = 0; i < count; i++)
        {
            canvas.Save();
            canvas.Translate(random.Between(0, 1), random.Between(0, 1));
            using SKPaint paint = Brush.Fill(random.Color());
            shape(paint, random.Between(0.14, 0.36) * (1 - 0.5f * i / count));
            canvas.Restore();
        }
    }

    private static SKColor Near(Random random, SKColor color)
    {
        color.ToHsv(out float hue, out float saturation, out float value);
        return SKColor.FromHsv((hue + random.Between(-20, 20) + 360) % 360, saturation, Math.Clamp(value + random.Between(-15, 15), 0, 100));
    }
}
