namespace ResTok.MLNet.Tables;

/// <summary>The files of a token table, in the order of their paths.</summary>
internal sealed class TokenTableFiles
{
    private TokenTableFiles(IReadOnlyList<TokenTableFile> files)
    {
        Files = files;
        TokensPerRow = files.First(file => file.TokensPerRow > 0).TokensPerRow;
    }

    public IReadOnlyList<TokenTableFile> Files { get; }

    public int TokensPerRow { get; }

    /// <summary>Opens files by a path, a folder (all <c>*.parquet</c> in it) or a pattern of <c>*</c> and <c>?</c> in the last part.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">A file is no token table, or not like the others.</exception>
    public static TokenTableFiles Open(string path, TokenTableOptions names)
    {
        List<TokenTableFile> files = [.. Paths(path).Select(found => new TokenTableFile(found, names))];
        if (files.Find(file => file.TokensPerRow > 0) is not { } first)
            throw new InvalidDataException($"'{path}' has no rows.");
        foreach (TokenTableFile file in files.Where(file => file.TokensPerRow > 0))
        {
            if (file.TokensPerRow != first.TokensPerRow)
                throw new InvalidDataException($"'{file.Path}' has {file.TokensPerRow} tokens a row, but '{first.Path}' has {first.TokensPerRow}. Load them as two tables.");
            if (file.Metadata.ModelSha256 is { } model && first.Metadata.ModelSha256 is { } other && model != other)
                throw new InvalidDataException($"'{file.Path}' has tokens of model {model}, but '{first.Path}' of {other}. Load them as two tables.");
            if ((file.HasIds, file.HasLabels, file.HasViews) != (first.HasIds, first.HasLabels, first.HasViews))
                throw new InvalidDataException($"'{file.Path}' has other columns than '{first.Path}': of id, label and view, one has what the other lacks. Load them as two tables.");
        }
        return new(files);
    }

    /// <summary>The files that a path, a folder or a pattern names.</summary>
    /// <exception cref="FileNotFoundException">None.</exception>
    public static IReadOnlyList<string> Paths(string path)
    {
        if (File.Exists(path))
            return [path];
        string folder = Directory.Exists(path) ? path : System.IO.Path.GetDirectoryName(path) is { Length: > 0 } parent ? parent : ".";
        string pattern = Directory.Exists(path) ? "*.parquet" : System.IO.Path.GetFileName(path);
        string[] found = Directory.Exists(folder) ? Directory.GetFiles(folder, pattern) : [];
        return found.Length > 0 ? [.. found.Order(StringComparer.Ordinal)]
            : throw new FileNotFoundException($"There is no file '{path}'{(Directory.Exists(path) ? " with the ending .parquet in it" : "")}.", path);
    }
}
