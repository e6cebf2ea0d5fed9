using Microsoft.ML.Data;

/// <summary>A grey image of 128×128 with two of the drawings on it, and where they are.</summary>
internal static class DrawnScene
{
    public const int Side = 128;

    private static readonly string[] Things = ["face", "flower", "house", "letter"];

    /// <summary>Draws scenes that are not there yet.</summary>
    public static Scene[] Make(string folder, int first, int count)
    {
        Directory.CreateDirectory(folder);
        return [.. Enumerable.Range(first, count).Select(number => Make(Path.Combine(folder, $"scene-{number}.png"), number))];
    }

    private static Scene Make(string path, int number)
    {
        var random = new Random(number);
        byte[] canvas = new byte[4 * Side * Side];
        Array.Fill(canvas, (byte)128);
        for (int alpha = 3; alpha < canvas.Length; alpha += 4)
            canvas[alpha] = 255;
        var names = new List<string>();
        var boxes = new List<float>();
        for (int half = 0; half < 2; half++)
        {
            string name = Things[random.Next(Things.Length)];
            int side = random.Next(40, 61), left = 64 * half + random.Next(64 - side + 1), top = random.Next(Side - side + 1);
            int drawing = random.Next(1 << 20) * Drawings.Classes.Count + Drawings.Classes.ToList().IndexOf(name); // classes take turns in numbers
            byte[] pixels = Drawings.Draw(drawing, side);
            for (int row = 0; row < side; row++)
                pixels.AsSpan(4 * side * row, 4 * side).CopyTo(canvas.AsSpan(4 * (Side * (top + row) + left)));
            names.Add(name);
            boxes.AddRange([left, top, left + side, top + side]);
        }
        if (!File.Exists(path))
        {
            using MLImage image = MLImage.CreateFromPixels(Side, Side, MLPixelFormat.Rgba32, canvas);
            image.Save(path);
        }
        return new() { Path = path, Things = [.. names], Boxes = [.. boxes] };
    }
}
