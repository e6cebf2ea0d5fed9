/// <summary>Finds images to work on.</summary>
internal static class ExamplePictures
{
    private static readonly string[] Endings = [".png", ".jpg", ".jpeg", ".webp"];

    /// <summary>The images among files and folders; the repository's examples/pictures where none are named.</summary>
    /// <exception cref="ArgumentException">Something named is not there, or holds no images.</exception>
    public static string[] Find(IReadOnlyCollection<string> inputs)
    {
        if (inputs.Count == 0)
            inputs = [DefaultFolder()];
        string[] images = [.. inputs.SelectMany(Expand).Select(Path.GetFullPath).Distinct()];
        return images.Length > 0 ? images
            : throw new ArgumentException($"There are no {string.Join(", ", Endings)} files in {string.Join(", ", inputs)}.");
    }

    private static IEnumerable<string> Expand(string input) => Directory.Exists(input)
        ? Directory.GetFiles(input).Where(file => Endings.Contains(Path.GetExtension(file).ToLowerInvariant())).Order(StringComparer.Ordinal)
        : File.Exists(input) ? [input] : throw new ArgumentException($"There is no file or folder {input}.");

    /// <summary>Wherever the program was built and started.</summary>
    private static string DefaultFolder()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            string images = Path.Combine(folder, "examples", "pictures");
            if (Directory.Exists(images))
                return images;
        }
        throw new ArgumentException("Name the images to encode: the repository's examples/pictures were not found.");
    }
}
