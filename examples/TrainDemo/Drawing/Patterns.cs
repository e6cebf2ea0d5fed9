using SkiaSharp;

/// <summary>Regular patterns and dead leaves. What tells them apart is large: a small model can learn it.</summary>
internal static class Patterns
{
    public static void Stripes(SKCanvas canvas, Random random)
    {
        SKColor ground = random.Color(), stripe = random.Contrast(ground);
        float period = random.Between(0.34, 0.6), width = period * random.Between(0.4, 0.6);
        Brush.Background(canvas, ground, Near(random, ground), random);
        canvas.RotateDegrees(90 * random.Next(2) + random.Between(-8, 8), 0.5f, 0.5f);
        using SKPaint paint = Brush.Fill(stripe);
        for (float x = -1 + random.Between(0, period); x < 2; x += period)
            canvas.DrawRect(x, -1, width, 3, paint);
    }

    public static void Checks(SKCanvas canvas, Random random)
    {
        SKColor ground = random.Color(), square = random.Contrast(ground);
        float cell = random.Between(0.25, 0.42);
        Brush.Background(canvas, ground, Near(random, ground), random);
        canvas.RotateDegrees(random.Between(-6, 6), 0.5f, 0.5f);
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
        float period = random.Between(0.28, 0.44), x = random.Between(0.38, 0.62), y = random.Between(0.38, 0.62);
        Brush.Background(canvas, ground, Near(random, ground), random);
        using SKPaint paint = Brush.Stroke(ring, period * random.Between(0.4, 0.6));
        for (float radius = random.Between(0.02, period); radius < 1.4; radius += period)
            canvas.DrawCircle(x, y, radius, paint);
    }

    /// <summary>Discs that cover each other, the smaller on top, each lighter or darker than the last.</summary>
    public static void Leaves(SKCanvas canvas, Random random)
    {
        SKColor color = random.Color();
        Brush.Background(canvas, color, Near(random, color), random);
        int count = random.Next(4, 8);
        for (int i = 0; i < count; i++)
        {
            color = random.Contrast(color);
            using SKPaint paint = Brush.Fill(color);
            canvas.DrawCircle(random.Between(0.05, 0.95), random.Between(0.05, 0.95), random.Between(0.2, 0.34) * (1 - 0.4f * i / count), paint);
        }
    }

    private static SKColor Near(Random random, SKColor color)
    {
        color.ToHsv(out float hue, out float saturation, out float value);
        return SKColor.FromHsv((hue + random.Between(-20, 20) + 360) % 360, saturation, Math.Clamp(value + random.Between(-15, 15), 0, 100));
    }
}
