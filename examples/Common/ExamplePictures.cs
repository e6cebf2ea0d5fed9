/// <summary>Finds pictures to work on.</summary>
internal static class ExamplePictures
{
    private static readonly string[] Endings = [".png", ".jpg", ".jpeg", ".webp"];

    /// <summary>The pictures among files and folders; the repository's examples/pictures where none are named.</summary>
    /// <exception cref="ArgumentException">Something named is not there, or holds no pictures.</exception>
    public static string[] Find(IReadOnlyCollection<string> inputs)
    {
        if (inputs.Count == 0)
            inputs = [DefaultFolder()];
        string[] pictures = [.. inputs.SelectMany(Expand).Select(Path.GetFullPath).Distinct()];
        return pictures.Length > 0 ? pictures
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
            string pictures = Path.Combine(folder, "examples", "pictures");
            if (Directory.Exists(pictures))
                return pictures;
        }
        throw new ArgumentException("Name the pictures to encode: the repository's examples/pictures were not found.");
    }
}
