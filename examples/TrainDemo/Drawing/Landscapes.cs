using SkiaSharp;

/// <summary>Outdoor scenes.</summary>
internal static class Landscapes
{
    public static void Sunset(SKCanvas canvas, Random random)
    {
        float hue = random.Between(200, 330), horizon = random.Between(0.55, 0.85), x = random.Between(0.15, 0.85), radius = random.Between(0.07, 0.17);
        Brush.Background(canvas, SKColor.FromHsv(hue, 70, 100 * random.Between(0.2, 0.6)), SKColor.FromHsv((hue + random.Between(60, 150)) % 360, 75, 100));
        var sun = new SKPoint(x, horizon - random.Between(-0.02, 0.3));
        using (var glow = new SKPaint { Shader = SKShader.CreateRadialGradient(sun, radius * 3, [new(255, 235, 170, 190), new(255, 220, 140, 0)], SKShaderTileMode.Clamp) })
            canvas.DrawCircle(sun, radius * 3, glow);
        using (SKPaint disc = Brush.Fill(SKColor.FromHsv(random.Between(30, 60), 100 * random.Between(0.1, 0.5), 100)))
            canvas.DrawCircle(sun, radius, disc);
        int hills = random.Next(1, 4);
        for (int i = 0; i < hills; i++)
        {
            using var path = new SKPath();
            float phase = random.Between(0, 7), height = random.Between(0.02, 0.1), waves = random.Between(3, 9);
            path.MoveTo(-0.1f, 1.1f);
            for (float step = -0.1f; step <= 1.1f; step += 0.03f)
                path.LineTo(step, horizon + i * (1 - horizon) / hills + height * (float)Math.Sin(phase + waves * step));
            path.LineTo(1.1f, 1.1f);
            using SKPaint paint = Brush.Fill(SKColor.FromHsv(hue, 60, 100 * (0.42f - 0.12f * i)));
            canvas.DrawPath(path, paint);
        }
    }

    public static void Clouds(SKCanvas canvas, Random random)
    {
        SKColor sky = SKColor.FromHsv(random.Between(170, 260), 100 * random.Between(0.3, 0.9), 100 * random.Between(0.45, 1));
        Brush.Background(canvas, sky, SKColor.FromHsv(random.Between(170, 260), 100 * random.Between(0.1, 0.5), 100));
        int clouds = random.Next(2, 5);
        for (int cloud = 0; cloud < clouds; cloud++)
        {
            float x = random.Between(0.05, 0.95), y = random.Between(0.1, 0.85), size = random.Between(0.08, 0.2);
            for (int puff = 0; puff < 7; puff++)
            {
                var center = new SKPoint(x + size * random.Between(-1.4, 1.4), y + size * random.Between(-0.5, 0.4));
                float radius = size * random.Between(0.6, 1.1);
                byte white = (byte)random.Next(215, 256);
                using var paint = new SKPaint { Shader = SKShader.CreateRadialGradient(center, radius, [new(white, white, white, 230), new(white, white, white, 0)], SKShaderTileMode.Clamp) };
                canvas.DrawCircle(center, radius, paint);
            }
        }
    }

    public static void House(SKCanvas canvas, Random random)
    {
        Ground(canvas, random, out float horizon);
        float width = random.Between(0.42, 0.62), height = width * random.Between(0.55, 0.8), left = random.Between(0.08, 0.92 - width), bottom = random.Between(Math.Max(horizon + 0.03, 0.68), 0.93);
        float top = bottom - height, roof = top - height * random.Between(0.5, 0.8), over = width * random.Between(0.05, 0.18);
        SKColor wall = random.Color(0.55, 1, 0.1, 0.7);
        using SKPaint walls = Brush.Fill(wall), tiles = Brush.Fill(random.Contrast(wall)), door = Brush.Fill(random.Contrast(wall)), pane = Brush.Fill(random.Color(0.7, 1, 0, 0.4));
        canvas.DrawRect(left, top, width, height, walls);
        Brush.Polygon(canvas, tiles, new(left - over, top), new(left + width / 2, roof), new(left + width + over, top));
        canvas.DrawRect(left + width * random.Between(0.1, 0.25), bottom - height * 0.6f, width * 0.26f, height * 0.6f, door);
        canvas.DrawRect(left + width * 0.58f, top + height * 0.22f, width * 0.3f, height * 0.36f, pane);
    }

    public static void Tree(SKCanvas canvas, Random random)
    {
        Ground(canvas, random, out float horizon);
        float x = random.Between(0.25, 0.75), bottom = random.Between(Math.Max(horizon + 0.05, 0.72), 0.95), height = random.Between(0.25, 0.4), thick = random.Between(0.05, 0.1);
        float crown = random.Between(0.16, 0.28), top = bottom - height;
        using SKPaint trunk = Brush.Fill(SKColor.FromHsv(random.Between(15, 40), 100 * random.Between(0.4, 0.8), 100 * random.Between(0.2, 0.5)));
        canvas.DrawRect(x - thick / 2, top, thick, height, trunk);
        float hue = random.Between(20, 150);
        bool fir = random.Next(3) == 0;
        for (int i = 0; i < 3; i++)
        {
            using SKPaint leaves = Brush.Fill(SKColor.FromHsv(hue, 100 * random.Between(0.5, 0.9), 100 * random.Between(0.3, 0.75)));
            if (fir)
                Brush.Polygon(canvas, leaves, new(x - crown * (1 - 0.22f * i), top + 0.08f - 0.17f * i), new(x, top - 0.2f - 0.14f * i), new(x + crown * (1 - 0.22f * i), top + 0.08f - 0.17f * i));
            else
                canvas.DrawCircle(x + crown * (i - 1) * 0.6f, top - (i == 1 ? crown * 0.5f : 0), crown * random.Between(0.7, 0.95), leaves);
        }
    }

    private static void Ground(SKCanvas canvas, Random random, out float horizon)
    {
        horizon = random.Between(0.5, 0.75);
        Brush.Background(canvas, SKColor.FromHsv(random.Between(180, 250), 100 * random.Between(0.2, 0.8), 100 * random.Between(0.5, 1)), SKColor.FromHsv(random.Between(180, 250), 100 * random.Between(0, 0.3), 100));
        using SKPaint grass = Brush.Fill(SKColor.FromHsv(random.Between(50, 140), 100 * random.Between(0.3, 0.8), 100 * random.Between(0.35, 0.8)));
        canvas.DrawRect(-1, horizon, 3, 2, grass);
    }
}
