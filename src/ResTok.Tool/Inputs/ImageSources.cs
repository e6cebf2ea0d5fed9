namespace ResTok.Tool.Inputs;

/// <summary>What the arguments of a command line name.</summary>
internal static class ImageSources
{
    public const string StandardInput = "-";

    /// <summary>Help for the argument.</summary>
    public const string Names = "Folders of images (class folders give labels), images, webdataset shards (.tar), Parquet files with image bytes, or - for a list of paths on standard input.";

    /// <exception cref="FileNotFoundException">There is nothing of the name.</exception>
    /// <exception cref="InvalidDataException">It is of no kind that is read, or has no images.</exception>
    public static List<IImageSource> Open(IReadOnlyList<string> names)
    {
        var sources = new List<IImageSource>();
        var single = new List<ImageFiles.Entry>();
        foreach (string name in names)
        {
            if (name == StandardInput)
                sources.Add(ImageFiles.OfList("standard input", Console.In));
            else if (Directory.Exists(name))
                sources.AddRange(OfFolder(name));
            else if (!File.Exists(name))
                throw new FileNotFoundException($"There is no file or folder '{name}'.", name);
            else if (OfFile(name) is { } source)
                sources.Add(source);
            else if (ImageFiles.IsImage(name))
                single.Add(new(Path.GetFullPath(name), name, null));
            else
                throw new InvalidDataException($"'{name}' is none of: {Names}");
        }
        if (single.Count > 0)
            sources.Add(new ImageFiles("the command line", single));
        return sources;
    }

    /// <summary>A folder of shards, or of images.</summary>
    private static IEnumerable<IImageSource> OfFolder(string folder)
    {
        IImageSource[] shards = [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(OfFile).OfType<IImageSource>()];
        return shards.Length > 0 ? shards : [ImageFiles.OfFolder(folder)];
    }

    /// <summary>A shard, or null where it is none.</summary>
    public static IImageSource? OfFile(string path) => path switch
    {
        _ when path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".tar.gz", StringComparison.OrdinalIgnoreCase)
            || path.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase) => new TarShard(Path.GetFullPath(path)),
        _ when path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase) => new ParquetImages(Path.GetFullPath(path)),
        _ => null,
    };
}
