using SkiaSharp;

/// <summary>Pictures of no class, so that the tokenizer learns pictures as such: scenes turned and enlarged, with anything on them.</summary>
internal static class Scraps
{
    private static readonly Action<SKCanvas, Random>[] Things = [Ball, Oval, Polygon, Line, Bars, Mosaic];

    /// <param name="canvas">The unit square.</param>
    /// <param name="random">What decides.</param>
    /// <param name="scene">What may be behind.</param>
    public static void Draw(SKCanvas canvas, Random random, Action<SKCanvas, Random> scene)
    {
        bool plain = random.Next(2) == 0;
        if (plain)
        {
            Brush.Background(canvas, random.Color(), random.Color(), random);
        }
        else
        {
            canvas.Save();
            canvas.RotateDegrees(random.Between(-180, 180), 0.5f, 0.5f);
            float zoom = random.Between(0.8, 2);
            canvas.Scale(zoom, zoom, 0.5f, 0.5f);
            scene(canvas, random);
            canvas.Restore();
        }
        for (int things = plain ? random.Next(1, 6) : random.Next(0, 3); things > 0; things--)
            Things[random.Next(Things.Length)](canvas, random);
    }

    private static void Ball(SKCanvas canvas, Random random)
    {
        (SKPoint center, float radius) = (Point(random), Size(random));
        var light = new SKPoint(center.X - radius * random.Between(0, 0.5), center.Y - radius * random.Between(0, 0.5));
        using var paint = new SKPaint { IsAntialias = true, Shader = SKShader.CreateRadialGradient(light, radius * 1.4f, [random.Color(0.7, 1), random.Color(0, 0.6)], SKShaderTileMode.Clamp) };
        canvas.DrawCircle(center, radius, paint);
    }

    private static void Oval(SKCanvas canvas, Random random)
    {
        SKPoint center = Point(random);
        using SKPaint paint = Brush.Fill(random.Color(0, 1, 0, 1));
        canvas.Save();
        canvas.RotateDegrees(random.Between(0, 180), center.X, center.Y);
        canvas.DrawOval(center, new(Size(random), Size(random)), paint);
        canvas.Restore();
    }

    private static void Polygon(SKCanvas canvas, Random random)
    {
        (SKPoint center, float size) = (Point(random), Size(random));
        using SKPaint paint = Brush.Fill(random.Color(0, 1, 0, 1));
        double start = random.NextDouble() * Math.PI;
        int corners = random.Next(3, 6);
        Brush.Polygon(canvas, paint, [.. Enumerable.Range(0, corners).Select(i => start + i * 2 * Math.PI / corners).Select(angle =>
            new SKPoint(center.X + size * (float)Math.Cos(angle) * random.Between(0.7, 1.3), center.Y + size * (float)Math.Sin(angle) * random.Between(0.7, 1.3)))]);
    }

    private static void Line(SKCanvas canvas, Random random)
    {
        using SKPaint paint = Brush.Stroke(random.Color(0, 1, 0, 1), random.Between(0.02, 0.12));
        canvas.DrawLine(Point(random), Point(random), paint);
    }

    private static void Bars(SKCanvas canvas, Random random)
    {
        int count = random.Next(3, 10);
        SKColor color = random.Color(0, 1, 0, 1);
        for (int i = 0; i < count; i++)
        {
            using SKPaint paint = Brush.Fill(random.Next(2) == 0 ? color : random.Color(0, 1));
            float top = random.Between(0.2, 0.9);
            canvas.DrawRect((float)i / count, top, 1f / count, 1 - top, paint);
        }
    }

    private static void Mosaic(SKCanvas canvas, Random random)
    {
        int count = random.Next(2, 5);
        float left = random.Between(0, 0.6), top = random.Between(0, 0.6), cell = random.Between(0.12, 0.3);
        for (int i = 0; i < count * count; i++)
        {
            using SKPaint paint = Brush.Fill(random.Color(0, 1, 0, 1));
            canvas.DrawRect(left + i % count * cell, top + i / count * cell, cell, cell, paint);
        }
    }

    private static SKPoint Point(Random random) => new(random.Between(0, 1), random.Between(0, 1));

    private static float Size(Random random) => random.Between(0.08, 0.4);
}
