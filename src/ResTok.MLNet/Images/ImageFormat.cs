namespace ResTok.MLNet.Images;

/// <summary>What a file is by its first bytes.</summary>
/// <param name="Name">With its article: "a HEIC".</param>
/// <param name="IsReadable">Whether it is one of <see cref="Readable"/>.</param>
internal readonly record struct ImageFormat(string Name, bool IsReadable)
{
    /// <summary>The formats that can be read, for messages.</summary>
    public const string Readable = "PNG, JPEG, WebP, BMP, GIF and ICO";

    private const string LfsPointer = "a Git LFS pointer", HtmlPage = "an HTML page";

    private static readonly (int Offset, string Bytes, string Name)[] ReadableOnes =
        [(0, "\u0089PNG\r\n", "a PNG"), (0, "\u00ff\u00d8\u00ff", "a JPEG"), (0, "GIF8", "a GIF"), (8, "WEBP", "a WebP"), (0, "BM", "a BMP"), (0, "\0\0\u0001\0", "an ICO")];

    private static readonly (int Offset, string Bytes, string Name)[] Others =
    [
        (0, "II*\0", "a TIFF or a camera's raw file"), (0, "MM\0*", "a TIFF or a camera's raw file"), (0, "II+\0", "a TIFF"), (0, "MM\0+", "a TIFF"),
        (4, "jP  \r\n", "a JPEG 2000"), (0, "\u00ffO\u00ffQ", "a JPEG 2000"),
        (4, "JXL \r\n", "a JPEG XL"), (0, "\u00ff\n", "a JPEG XL"), (0, "II\u00bc\u0001", "a JPEG XR"),
        (0, "8BPS", "a Photoshop document"), (0, "%PDF", "a PDF"), (0, "%!PS", "a PostScript file"), (0, "v/1\u0001", "an OpenEXR"), (0, "#?RADIANCE", "a Radiance HDR"),
        (0, "DDS ", "a DDS"), (0, "qoif", "a QOI"), (0, "gimp xcf", "a GIMP document"), (0, "\u001aE\u00df\u00a3", "a Matroska or WebM video"),
        (0, "\u001f\u008b", "a gzip archive"), (0, "PK\u0003\u0004", "a zip archive"),
        (0, "version https://git-lfs", LfsPointer),
    ];

    /// <summary>What to do with a file that cannot be read.</summary>
    public string Advice => Name switch
    {
        LfsPointer => "Fetch the file itself with `git lfs pull`.",
        HtmlPage => "It may be an error or a login: download the image again.",
        _ when IsReadable => "Copy or download it again.",
        _ => $"Convert it to one of {Readable}.",
    };

    /// <returns>Null where it cannot be told.</returns>
    public static ImageFormat? Of(ReadOnlySpan<byte> content)
    {
        string start = System.Text.Encoding.Latin1.GetString(content[..Math.Min(content.Length, 64)]);
        return Find(start, ReadableOnes) is { } readable ? new(readable, true)
            : Foreign(start, content) is { } foreign ? new(foreign, false)
            : null;
    }

    private static string? Find(string start, (int Offset, string Bytes, string Name)[] formats) =>
        formats.FirstOrDefault(format => start.AsSpan(Math.Min(format.Offset, start.Length)).StartsWith(format.Bytes, StringComparison.Ordinal)).Name;

    private static string? Foreign(string start, ReadOnlySpan<byte> content)
    {
        if (start.Length >= 12 && start.AsSpan(4, 4).SequenceEqual("ftyp"))
            return MediaFile(start);
        if (Find(start, Others) is { } name)
            return name;
        if (start.Length > 2 && start[0] == 'P' && start[1] is >= '1' and <= '7' && char.IsWhiteSpace(start[2]))
            return "a PBM, PGM or PPM";
        string text = start.TrimStart('\u00ef', '\u00bb', '\u00bf', ' ', '\t', '\r', '\n');
        return text.StartsWith("<svg", StringComparison.OrdinalIgnoreCase) ? "an SVG"
            : text.StartsWith("<?xml", StringComparison.Ordinal) ? System.Text.Encoding.Latin1.GetString(content[..Math.Min(content.Length, 1024)]).Contains("<svg", StringComparison.Ordinal) ? "an SVG" : "an XML document"
            : text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase) ? HtmlPage
            : null;
    }

    /// <summary>Of the family of MPEG-4, whose brands say which: the main one, and after its version those it is compatible with.</summary>
    private static string MediaFile(string start)
    {
        string main = start.Substring(8, 4);
        string[] brands = [main, .. Enumerable.Range(4, Math.Max(0, start.Length / 4 - 4)).Select(i => start.Substring(4 * i, 4))];
        return main is "avif" or "avis" ? "an AVIF"
            : main is "heic" or "heix" or "heim" or "heis" or "hevc" or "hevx" or "hevm" or "hevs" ? "a HEIC"
            : brands.Any(brand => brand is "avif" or "avis") ? "an AVIF"
            : brands.Any(brand => brand is "heic" or "heix" or "mif1" or "msf1") ? "a HEIC"
            : main == "crx " ? "a camera's raw file"
            : "a video";
    }
}
