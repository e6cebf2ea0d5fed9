using System.Globalization;

namespace ResTok.MLNet;

/// <summary>What a token table says about where its tokens come from, as key-value metadata of each Parquet file.</summary>
public sealed record TokenTableMetadata
{
    private const string Prefix = "restok.";

    /// <summary>The tokenizer or generator: its id on the hub, its folder's name, or <c>demo</c>. Key <c>restok.model</c>.</summary>
    public string? Model { get; init; }

    /// <summary>SHA-256 of its weights, in hexadecimal. Key <c>restok.model_sha256</c>.</summary>
    public string? ModelSha256 { get; init; }

    /// <summary>Its configuration, JSON of the official layout. Key <c>restok.config</c>.</summary>
    public string? Config { get; init; }

    /// <summary>How images became pixels, such as <c>shorter edge to 256, bicubic, centre crop</c>. Key <c>restok.preprocessing</c>.</summary>
    public string? Preprocessing { get; init; }

    /// <summary>Entries of the codebook: tokens are 0 to this − 1. Key <c>restok.codebook_size</c>.</summary>
    public int? CodebookSize { get; init; }

    /// <summary>The version of this library that wrote the table. Key <c>restok.version</c>.</summary>
    public string? LibraryVersion { get; init; } = typeof(TokenTableMetadata).Assembly.GetName().Version?.ToString(3);

    internal IEnumerable<KeyValuePair<string, string>> ToPairs()
    {
        (string Key, string? Value)[] pairs =
        [
            ("model", Model), ("model_sha256", ModelSha256), ("config", Config), ("preprocessing", Preprocessing),
            ("codebook_size", CodebookSize?.ToString(CultureInfo.InvariantCulture)), ("version", LibraryVersion),
        ];
        return pairs.Where(pair => pair.Value is not null).Select(pair => KeyValuePair.Create(Prefix + pair.Key, pair.Value!));
    }

    internal static TokenTableMetadata FromPairs(IReadOnlyDictionary<string, string> pairs) => new()
    {
        Model = pairs.GetValueOrDefault(Prefix + "model"),
        ModelSha256 = pairs.GetValueOrDefault(Prefix + "model_sha256"),
        Config = pairs.GetValueOrDefault(Prefix + "config"),
        Preprocessing = pairs.GetValueOrDefault(Prefix + "preprocessing"),
        CodebookSize = int.TryParse(pairs.GetValueOrDefault(Prefix + "codebook_size"), CultureInfo.InvariantCulture, out int size) ? size : null,
        LibraryVersion = pairs.GetValueOrDefault(Prefix + "version"),
    };
}
