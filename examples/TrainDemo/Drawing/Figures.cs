using SkiaSharp;

/// <summary>One thing in front of a plain background.</summary>
internal static class Figures
{
    /// <summary>Letters as strokes through points of a 3 × 3 grid, because many machines have no fonts.</summary>
    private static readonly string[] Letters =
    [
        "6 1 8|3 5", "0 6|2 8|3 5", "0 6|2 3 8", "0 2|1 7", "0 8|2 6", "0 2 6 8", "2 0 6 8|3 5", "2 0 6|3 5", "0 6 8", "6 0 8 2", "0 7 2", "6 0 4 2 8",
    ];

    public static void Face(SKCanvas canvas, Random random)
    {
        SKColor ground = random.Color();
        Brush.Background(canvas, ground, random.Color(0.2, 0.9), random);
        float x = random.Between(0.38, 0.62), y = random.Between(0.38, 0.6), radius = random.Between(0.28, 0.38), tall = random.Between(1, 1.25);
        SKColor skin = SKColor.FromHsv(random.Between(15, 50), 100 * random.Between(0.2, 0.7), 100 * random.Between(0.55, 1));
        using SKPaint head = Brush.Fill(skin), white = Brush.Fill(SKColors.White), dark = Brush.Fill(random.Color(0.05, 0.25)), mouth = Brush.Stroke(SKColor.FromHsv(random.Between(0, 15), 80, 55), radius * 0.18f);
        using SKPaint hair = Brush.Fill(random.Color(0.1, 0.7));
        canvas.DrawOval(x, y - radius * 0.35f, radius * 1.12f, radius * tall, hair);
        canvas.DrawOval(x, y, radius, radius * tall, head);
        float apart = radius * random.Between(0.38, 0.48), eye = radius * random.Between(0.22, 0.3), level = y - radius * random.Between(0.1, 0.3);
        foreach (float side in new[] { -apart, apart })
        {
            canvas.DrawCircle(x + side, level, eye, white);
            canvas.DrawCircle(x + side + eye * random.Between(-0.3, 0.3), level, eye * 0.6f, dark);
        }
        float smile = radius * random.Between(-0.1, 0.5), wide = radius * random.Between(0.3, 0.5), lips = y + radius * 0.5f;
        using var curve = new SKPath();
        curve.MoveTo(x - wide, lips);
        curve.QuadTo(x, lips + smile, x + wide, lips);
        canvas.DrawPath(curve, mouth);
    }

    public static void Letter(SKCanvas canvas, Random random)
    {
        SKColor ground = random.Color();
        Brush.Background(canvas, ground, ground, random);
        float size = random.Between(0.26, 0.36);
        canvas.Translate(random.Between(0.42, 0.58), random.Between(0.42, 0.58));
        canvas.RotateDegrees(random.Between(-10, 10));
        using SKPaint pen = Brush.Stroke(random.Contrast(ground), size * random.Between(0.32, 0.46));
        foreach (string stroke in Letters[random.Next(Letters.Length)].Split('|'))
        {
            using var path = new SKPath();
            path.AddPoly([.. stroke.Split(' ').Select(int.Parse).Select(point => new SKPoint((point % 3 - 1) * size * 0.8f, (point / 3 - 1) * size))], close: false);
            canvas.DrawPath(path, pen);
        }
    }

    public static void Flower(SKCanvas canvas, Random random)
    {
        SKColor ground = random.Color(0.15, 0.9, 0.1, 0.8);
        Brush.Background(canvas, ground, random.Color(0.15, 0.9, 0.1, 0.8));
        float x = random.Between(0.38, 0.62), y = random.Between(0.32, 0.5), radius = random.Between(0.16, 0.22);
        using SKPaint stem = Brush.Stroke(SKColor.FromHsv(random.Between(90, 140), 80, 100 * random.Between(0.3, 0.6)), random.Between(0.04, 0.07));
        canvas.DrawLine(x, y, x + random.Between(-0.1, 0.1), 1.1f, stem);
        using SKPaint petal = Brush.Fill(random.Contrast(ground)), heart = Brush.Fill(SKColor.FromHsv(random.Between(35, 60), 90, 100 * random.Between(0.6, 1)));
        int petals = random.Next(5, 9);
        float start = random.Between(0, 7);
        for (int i = 0; i < petals; i++)
        {
            double angle = start + 2 * Math.PI * i / petals;
            canvas.DrawCircle(x + radius * (float)Math.Cos(angle), y + radius * (float)Math.Sin(angle), radius * 2.3f / petals + 0.04f, petal);
        }
        canvas.DrawCircle(x, y, radius * random.Between(0.45, 0.7), heart);
    }
}
