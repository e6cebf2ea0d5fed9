using System.Net;

namespace ResTok.Models.Checkpoints;

/// <summary>
/// Where to find models on the hub and where to keep them. A new object holds what the environment variables say that
/// <c>huggingface_hub</c> for Python reads too, so that both share their downloads.
/// </summary>
public sealed class HubOptions
{
    /// <summary>Reads the environment.</summary>
    /// <exception cref="HubException"><c>HF_ENDPOINT</c> is no address.</exception>
    public HubOptions()
        : this(Environment.GetEnvironmentVariable)
    {
    }

    internal HubOptions(Func<string, string?> environment)
    {
        string? Get(string name) => environment(name) is { Length: > 0 } value ? value : null;

        string home = ExpandHome(Get("HF_HOME")
            ?? Path.Combine(Get("XDG_CACHE_HOME") ?? Path.Combine("~", ".cache"), "huggingface"));
        CacheFolder = ExpandHome(Get("HF_HUB_CACHE") ?? Get("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub"));
        Token = CleanToken(Get("HF_TOKEN")) ?? CleanToken(Get("HUGGING_FACE_HUB_TOKEN")) ?? ReadToken(ExpandHome(Get("HF_TOKEN_PATH") ?? Path.Combine(home, "token")));
        Offline = IsTrue(Get("HF_HUB_OFFLINE"));
        UseLinks = !IsTrue(Get("HF_HUB_DISABLE_SYMLINKS"));
        string endpoint = Get("HF_ENDPOINT") ?? "https://huggingface.co";
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address) || !IsWeb(address))
            throw new HubException($"HF_ENDPOINT is '{endpoint}', which is no http or https address. Set it to the hub's, such as https://huggingface.co, or remove it.");
        Endpoint = address;
    }

    /// <summary>A branch, a tag or a commit (40 hexadecimal digits). A commit's files never change, and once here need no network.</summary>
    public string Revision { get; init; } = "main";

    /// <summary>
    /// The access token for private and gated models, or null to send none. By default <c>HF_TOKEN</c>, or what the file
    /// <c>HF_HOME/token</c> holds that <c>hf auth login</c> writes. Line ends, and space around it, do not count, as in
    /// <c>huggingface_hub</c>. It is sent to <see cref="Endpoint"/> and to no other host.
    /// </summary>
    public string? Token
    {
        get;
        init => field = CleanToken(value);
    }

    /// <summary>
    /// Where models are kept. By default <c>HF_HUB_CACHE</c>, or the folder <c>hub</c> in <c>HF_HOME</c>, which is
    /// <c>~/.cache/huggingface</c> unless set.
    /// </summary>
    public string CacheFolder { get; init; }

    /// <summary>The hub's address, http or https. By default <c>HF_ENDPOINT</c>, or <c>https://huggingface.co</c>.</summary>
    public Uri Endpoint { get; init; }

    /// <summary>Whether only models that are in <see cref="CacheFolder"/> may be used. By default what <c>HF_HUB_OFFLINE</c> says.</summary>
    public bool Offline { get; init; }

    /// <summary>The proxy to go through; null takes the system's, or what <c>HTTPS_PROXY</c> and <c>NO_PROXY</c> say.</summary>
    public IWebProxy? Proxy { get; init; }

    /// <summary>Whether a snapshot's files are links to the blobs.</summary>
    internal bool UseLinks { get; }

    /// <summary>How long a connection may be silent before it counts as broken.</summary>
    internal TimeSpan SilenceLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Measures the waits between attempts.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    internal static bool IsWeb(Uri address) => address.IsAbsoluteUri && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp);

    private static bool IsTrue(string? value) => value?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";

    private static string ExpandHome(string path) => path == "~" || path.StartsWith("~/", StringComparison.Ordinal) || path.StartsWith("~\\", StringComparison.Ordinal)
        ? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify) + path[1..]
        : path;

    private static string? CleanToken(string? token) =>
        token?.Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal).Trim() is { Length: > 0 } clean ? clean : null;

    private static string? ReadToken(string file)
    {
        try
        {
            return File.Exists(file) ? CleanToken(File.ReadAllText(file)) : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null; // public models need none, and for others the hub's refusal says how to set one
        }
    }
}
