using ResTok.MLNet.Images;

namespace ResTok.Tool.Inputs;

/// <summary>Image files, of a folder or a list.</summary>
internal sealed class ImageFiles(string name, IReadOnlyList<ImageFiles.Entry> entries) : IImageSource
{
    private static readonly HashSet<string> Endings = new(StringComparer.OrdinalIgnoreCase) { ".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".ico" };

    public string Name => name;

    public IReadOnlyList<Entry> Entries => entries;

    /// <summary>
    /// The images under a folder, as torchvision's ImageFolder has them: classes are the folders right in it, numbered in the order of
    /// their names; a folder without such has no labels. Images are in the order of their paths.
    /// </summary>
    /// <exception cref="InvalidDataException">There are no images, or some in class folders and some beside them.</exception>
    public static ImageFiles OfFolder(string folder)
    {
        string root = Path.GetFullPath(folder);
        string[] classes = [.. Directory.GetDirectories(root).Select(path => Path.GetFileName(path)).Where(name => !name.StartsWith('.')).Order(StringComparer.Ordinal)];
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System };
        string[] direct = [.. Directory.EnumerateFiles(root).Where(IsImage).Order(StringComparer.Ordinal)];
        var files = new List<Entry>(direct.Select(path => new Entry(path, Path.GetFileName(path), null)));
        for (int label = 0; label < classes.Length; label++)
        {
            string within = Path.Combine(root, classes[label]);
            files.AddRange(Directory.EnumerateFiles(within, "*", options).Where(IsImage).Order(StringComparer.Ordinal)
                .Select(path => new Entry(path, Path.GetRelativePath(root, path).Replace('\\', '/'), direct.Length > 0 ? null : label)));
        }
        return files.Count > 0 ? new(folder, files) : throw new InvalidDataException($"The folder '{folder}' has no images ({string.Join(", ", Endings)}).");
    }

    /// <summary>Paths, one a line, each with a label after a tab if it has one.</summary>
    /// <exception cref="InvalidDataException">A label is no integer, or there are no lines.</exception>
    public static ImageFiles OfList(string name, TextReader lines)
    {
        var files = new List<Entry>();
        for (int number = 1; lines.ReadLine() is { } line; number++)
        {
            if (line.Length == 0)
                continue;
            string[] parts = line.Split('\t');
            int label = 0;
            if (parts.Length > 2 || (parts.Length == 2 && !int.TryParse(parts[1], out label)))
                throw new InvalidDataException($"Line {number} of {name} is '{line}', but must be a path, or a path, a tab and a label.");
            files.Add(new(Path.GetFullPath(parts[0]), parts[0], parts.Length == 2 ? label : null));
        }
        return files.Count > 0 ? new(name, files) : throw new InvalidDataException($"There are no paths in {name}.");
    }

    public static bool IsImage(string path) => Endings.Contains(Path.GetExtension(path));

    public long Count() => entries.Count;

    public IEnumerable<InputImage> Read() => entries.Select(entry => new InputImage(entry.Id, entry.Label, () => ImageFile.Read(entry.Path)));

    /// <summary>A file, and its class where it is known.</summary>
    internal sealed record Entry(string Path, string Id, int? Label);
}
