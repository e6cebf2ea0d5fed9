// Draws the drawings of examples/pictures: dotnet run --project examples/DrawPictures -- examples/pictures
using SkiaSharp;

string folder = args.Length == 1 ? args[0] : "examples/pictures";
Directory.CreateDirectory(folder);
Save("sunset.png", 384, 256, SKEncodedImageFormat.Png, Sunset);
Save("fish.webp", 256, 320, SKEncodedImageFormat.Webp, Fish);
Console.WriteLine($"Two drawings are in {Path.GetFullPath(folder)}.");

void Save(string name, int width, int height, SKEncodedImageFormat format, Action<SKCanvas, int, int> draw)
{
    using SKSurface surface = SKSurface.Create(new SKImageInfo(width, height));
    draw(surface.Canvas, width, height);
    using SKImage image = surface.Snapshot();
    using SKData data = image.Encode(format, 92);
    using FileStream file = File.Create(Path.Combine(folder, name));
    data.SaveTo(file);
}

static SKPaint Solid(SKColor color) => new() { Color = color, IsAntialias = true };

static SKPaint Gradient(SKPoint from, SKPoint to, params SKColor[] colors) =>
    new() { IsAntialias = true, Shader = SKShader.CreateLinearGradient(from, to, colors, SKShaderTileMode.Clamp) };

static SKPaint Radial(SKPoint center, float radius, params SKColor[] colors) =>
    new() { IsAntialias = true, Shader = SKShader.CreateRadialGradient(center, radius, colors, SKShaderTileMode.Clamp) };

static void Sunset(SKCanvas canvas, int width, int height)
{
    canvas.DrawRect(0, 0, width, height, Gradient(new(0, 0), new(0, height), new(0x1b, 0x2a, 0x5e), new(0xd9, 0x5d, 0x6a), new(0xff, 0xc8, 0x6b)));
    canvas.DrawCircle(width * 0.6f, height * 0.55f, 90, Radial(new(width * 0.6f, height * 0.55f), 90, new(255, 240, 180, 200), new(255, 200, 120, 0)));
    canvas.DrawCircle(width * 0.6f, height * 0.55f, 28, Solid(new(0xff, 0xf2, 0xc4)));
    SKColor[] hills = [new(0x6a, 0x3a, 0x5e), new(0x45, 0x28, 0x4a), new(0x22, 0x16, 0x2e)];
    for (int layer = 0; layer < hills.Length; layer++)
    {
        using var hill = new SKPath();
        hill.MoveTo(0, height);
        for (int x = 0; x <= width; x += 4)
            hill.LineTo(x, height * (0.62f + 0.13f * layer) + 16 * MathF.Sin(x * 0.018f + 2 * layer) + 6 * MathF.Sin(x * 0.05f + layer));
        hill.LineTo(width, height);
        canvas.DrawPath(hill, Solid(hills[layer]));
    }
}

static void Fish(SKCanvas canvas, int width, int height)
{
    canvas.DrawRect(0, 0, width, height, Gradient(new(0, 0), new(0, height), new(0x7c, 0xd6, 0xe0), new(0x0c, 0x45, 0x6e)));
    using var tail = new SKPath();
    tail.MoveTo(200, 160);
    tail.LineTo(246, 112);
    tail.LineTo(246, 208);
    tail.Close();
    canvas.DrawPath(tail, Solid(new(0xf0, 0x7a, 0x1e)));
    using var body = new SKPath();
    body.AddOval(new SKRect(26, 98, 212, 222));
    canvas.DrawPath(body, Solid(new(0xff, 0x96, 0x2e)));
    canvas.Save();
    canvas.ClipPath(body, antialias: true);
    foreach (int x in new[] { 78, 128, 176 })
        canvas.DrawRect(x, 90, 20, 140, Solid(SKColors.White));
    canvas.Restore();
    canvas.DrawCircle(58, 146, 10, Solid(SKColors.White));
    canvas.DrawCircle(56, 146, 5, Solid(SKColors.Black));
    for (int i = 0; i < 7; i++)
        canvas.DrawCircle(30 + 9 * (i % 3), 80 - 11 * i + 14, 3 + i % 4, new SKPaint { Color = new(255, 255, 255, 150), Style = SKPaintStyle.Stroke, StrokeWidth = 1.5f, IsAntialias = true });
}

