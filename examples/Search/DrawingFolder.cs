using Microsoft.ML.Data;

/// <summary>A folder of drawings, named by class and number: house-600000007.png.</summary>
internal static class DrawingFolder
{
    /// <summary>Draws what is not there yet.</summary>
    /// <returns>The folder.</returns>
    public static string Make(string folder, int first, int count)
    {
        const int Side = 64;
        Directory.CreateDirectory(folder);
        for (int number = first; number < first + count; number++)
        {
            string path = Path.Combine(folder, $"{Drawings.Classes[Drawings.ClassOf(number)]}-{number}.png");
            if (File.Exists(path))
                continue;
            using MLImage image = MLImage.CreateFromPixels(Side, Side, MLPixelFormat.Rgba32, Drawings.Draw(number, Side));
            image.Save(path);
        }
        return folder;
    }

    public static string ClassOf(string path) => Path.GetFileName(path).Split('-')[0];
}
