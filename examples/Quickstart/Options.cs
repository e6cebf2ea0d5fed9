/// <summary>What the command line asks for.</summary>
internal sealed record Options(string? Model, string Output, IReadOnlyList<string> Pictures)
{
    private static readonly string[] Endings = [".png", ".jpg", ".jpeg", ".webp"];

    /// <exception cref="ArgumentException">The command line cannot be understood, or names what is not there.</exception>
    public static Options Parse(string[] args)
    {
        string? model = null;
        string output = "out/quickstart";
        var inputs = new List<string>();
        for (int i = 0; i < args.Length; i++)
        {
            if (args[i] is "--model" or "--output")
            {
                if (i + 1 == args.Length)
                    throw new ArgumentException($"{args[i]} needs a path after it.");
                if (args[i] == "--model")
                    model = args[++i];
                else
                    output = args[++i];
            }
            else if (args[i].StartsWith('-'))
            {
                throw new ArgumentException($"There is no option {args[i]}. Usage: [--model PATH] [--output FOLDER] [pictures or folders …]");
            }
            else
            {
                inputs.Add(args[i]);
            }
        }
        if (inputs.Count == 0)
            inputs.Add(DefaultPictures());
        string[] pictures = [.. inputs.SelectMany(Find).Select(Path.GetFullPath).Distinct()];
        return pictures.Length > 0 ? new(model, Path.GetFullPath(output), pictures)
            : throw new ArgumentException($"There are no {string.Join(", ", Endings)} files in {string.Join(", ", inputs)}.");
    }

    private static IEnumerable<string> Find(string input) => Directory.Exists(input)
        ? Directory.GetFiles(input).Where(file => Endings.Contains(Path.GetExtension(file).ToLowerInvariant())).Order(StringComparer.Ordinal)
        : File.Exists(input) ? [input] : throw new ArgumentException($"There is no file or folder {input}.");

    /// <summary>The repository's examples/pictures, wherever the program was built and started.</summary>
    private static string DefaultPictures()
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
