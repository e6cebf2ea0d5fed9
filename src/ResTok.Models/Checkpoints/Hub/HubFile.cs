using System.Net.Http.Headers;

namespace ResTok.Models.Checkpoints;

/// <summary>What the hub says of one file.</summary>
/// <param name="Name">Its path in the repository, with slashes.</param>
/// <param name="Commit">The commit it belongs to: 40 hexadecimal digits.</param>
/// <param name="Checksum">The SHA-256 of a large file (64 digits), or git's SHA-1 of a small one (40 digits).</param>
/// <param name="Size">In bytes.</param>
/// <param name="Validator">How the server that keeps it names its content, where it is known already.</param>
internal sealed record HubFile(string Name, string Commit, string Checksum, long Size, HubValidator? Validator);

/// <summary>A server's own name for a file's content. Other servers may use other names for the same.</summary>
/// <param name="Authority">The server.</param>
/// <param name="Tag">A strong entity tag.</param>
internal sealed record HubValidator(string Authority, EntityTagHeaderValue Tag)
{
    /// <summary>The validator in a response, or null where it has none that is good for ranges.</summary>
    public static HubValidator? In(HttpResponseMessage response) => response.Headers.ETag is { IsWeak: false } tag
        ? new(response.RequestMessage!.RequestUri!.Authority, tag)
        : null;
}
