// Draws the pictures of examples/pictures: dotnet run --project examples/DrawPictures -- examples/pictures
using SkiaSharp;

string folder = args.Length == 1 ? args[0] : "examples/pictures";
Directory.CreateDirectory(folder);
Save("sunset.png", 384, 256, SKEncodedImageFormat.Png, Sunset);
Save("spheres.jpg", 320, 320, SKEncodedImageFormat.Jpeg, Spheres);
Save("skyline.png", 256, 256, SKEncodedImageFormat.Png, Skyline);
Save("fish.webp", 256, 320, SKEncodedImageFormat.Webp, Fish);
Save("mosaic.jpg", 480, 300, SKEncodedImageFormat.Jpeg, Mosaic);
Console.WriteLine($"Five pictures are in {Path.GetFullPath(folder)}.");

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

static void Spheres(SKCanvas canvas, int width, int height)
{
    canvas.DrawRect(0, 0, width, height, Gradient(new(0, 0), new(0, height), new(0xe8, 0xe4, 0xdc), new(0xb8, 0xae, 0xa0)));
    (float X, float Y, float Radius, SKColor Color)[] balls =
    [
        (105, 130, 70, new(0xc8, 0x3c, 0x32)), (215, 175, 60, new(0x2f, 0x6d, 0xb5)), (130, 235, 48, new(0xe0, 0xb0, 0x2c)), (240, 85, 36, new(0x3d, 0x8f, 0x55)),
    ];
    foreach ((float x, float y, float radius, SKColor color) in balls)
    {
        canvas.DrawOval(x + radius * 0.35f, y + radius * 0.92f, radius * 1.05f, radius * 0.28f, Radial(new(x + radius * 0.35f, y + radius * 0.92f), radius, new(0, 0, 0, 110), new(0, 0, 0, 0)));
        canvas.DrawCircle(x, y, radius, Radial(new(x - radius * 0.35f, y - radius * 0.4f), radius * 1.5f, SKColors.White, color, new((byte)(color.Red / 4), (byte)(color.Green / 4), (byte)(color.Blue / 4))));
    }
}

static void Skyline(SKCanvas canvas, int width, int height)
{
    var random = new Random(7);
    canvas.DrawRect(0, 0, width, height, Gradient(new(0, 0), new(0, height), new(0x08, 0x0c, 0x24), new(0x2c, 0x2e, 0x5a)));
    for (int i = 0; i < 60; i++)
        canvas.DrawCircle(random.Next(width), random.Next(height / 2), 0.5f + random.NextSingle(), Solid(new(255, 255, 230, 200)));
    canvas.DrawCircle(195, 50, 22, Solid(new(0xf4, 0xee, 0xd0)));
    for (int x = 0; x < width;)
    {
        int wide = random.Next(22, 44), top = random.Next(95, 185);
        canvas.DrawRect(x, top, wide - 2, height, Solid(new(0x12, 0x14, (byte)random.Next(0x22, 0x38))));
        for (int windowY = top + 6; windowY < height - 8; windowY += 11)
        {
            for (int windowX = x + 4; windowX < x + wide - 8; windowX += 8)
            {
                if (random.Next(3) > 0)
                    canvas.DrawRect(windowX, windowY, 4, 6, Solid(new(0xff, 0xd9, (byte)random.Next(0x60, 0xa0))));
            }
        }
        x += wide;
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

static void Mosaic(SKCanvas canvas, int width, int height)
{
    const int Tile = 30;
    canvas.Clear(new(0x30, 0x2c, 0x2a));
    for (int y = 0; y < height; y += Tile)
    {
        for (int x = 0; x < width; x += Tile)
        {
            float distance = MathF.Sqrt(MathF.Pow(x + 15 - width / 2f, 2) + MathF.Pow(y + 15 - height / 2f, 2));
            canvas.DrawRoundRect(x + 1.5f, y + 1.5f, Tile - 3, Tile - 3, 4, 4, Solid(SKColor.FromHsv((distance * 1.3f + (x + y) / 12f) % 360, 62, 72 + 24 * MathF.Sin(distance / 22))));
        }
    }
}
