using System.Text;

namespace ResTok.Models.Checkpoints;

/// <summary>What often lies in a weight file's place, by its first bytes, and what to do about it.</summary>
internal static class ForeignFile
{
    private const int Needed = 512;

    /// <summary>What a file that cannot be used is, as the end of a sentence and its advice; null where it cannot be told.</summary>
    public static string? Describe(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            return Describe(stream, path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <param name="stream">Read from its start, and left anywhere.</param>
    /// <param name="path">The file's name, for the advice.</param>
    public static string? Describe(Stream stream, string path)
    {
        if (!stream.CanSeek)
            return null;
        var start = new byte[Needed];
        stream.Position = 0;
        return Describe(start.AsSpan(0, stream.ReadAtLeast(start, Needed, throwOnEndOfStream: false)), path);
    }

    /// <param name="start">The first bytes, or all.</param>
    /// <param name="path">The file's name, for the advice.</param>
    public static string? Describe(ReadOnlySpan<byte> start, string path)
    {
        if (start.StartsWith("PK\u0003\u0004"u8) && !path.EndsWith(".bin", StringComparison.OrdinalIgnoreCase))
            return "a zip archive, as PyTorch writes them. If it holds weights of PyTorch, name it pytorch_model.bin; otherwise unpack it.";
        if (start.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]))
            return "a gzip archive. Unpack it.";
        if (start.StartsWith("GGUF"u8) || (start.Length > 8 && start[4..8].SequenceEqual("HDF\r"u8)))
            return "a file of another format (GGUF or HDF5). Use the model's safetensors or PyTorch file.";
        string text = Encoding.UTF8.GetString(start).TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        if (text.StartsWith("version https://git-lfs", StringComparison.Ordinal))
            return "a Git LFS pointer and not the file itself. Fetch that with `git lfs pull`, or download it from the hub.";
        if (text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase))
            return "an HTML page: an error, or a page to log in. Log in or set a token, and download the file again.";
        if (text.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<Error", StringComparison.Ordinal))
            return $"an XML document, such as a server's error: \"{Excerpt(text)}\". Download the file again.";
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            return null;
        return text.StartsWith('{') || text.StartsWith('[') ? $"a JSON text, such as a server's error: \"{Excerpt(text)}\". Download the file again."
            : IsSentence(text) ? $"a text, such as a server's error: \"{Excerpt(text)}\". Download the file again."
            : null;
    }

    /// <summary>"Entry not found", and the like. A pickle may be a text too, of many lines.</summary>
    private static bool IsSentence(string text) => text.Length is >= 8 and < Needed && char.IsAsciiLetterUpper(text[0]) && text.Contains(' ')
        && text.TrimEnd().All(character => char.IsAsciiLetterOrDigit(character) || " .,:;'\"/()-_!?".Contains(character));

    private static string Excerpt(string text)
    {
        const int Longest = 120;
        string line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length > Longest ? line[..Longest] + "…" : line;
    }
}
