using System.Text.RegularExpressions;

namespace ResTok.Models.Checkpoints;

/// <summary>Which names may become parts of addresses and paths.</summary>
internal static partial class HubNames
{
    public static bool IsRepository(string name) => name.Length <= 96 && Repository.IsMatch(name)
        && !name.Contains("--", StringComparison.Ordinal) && !name.Contains("..", StringComparison.Ordinal)
        && !name.EndsWith(".git", StringComparison.Ordinal);

    /// <summary>Branches may have slashes, as in <c>refs/pr/1</c>.</summary>
    public static bool IsRevision(string name) => name.Split('/').All(part => part is not ("" or "." or "..")
        && !part.Any(letter => char.IsControl(letter) || "\\:*?\"<>|".Contains(letter, StringComparison.Ordinal)));

    public static bool IsCommit(string name) => Commit.IsMatch(name);

    public static bool IsChecksum(string name) => Checksum.IsMatch(name);

    [GeneratedRegex(@"\A[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?/[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?\z")]
    private static partial Regex Repository { get; }

    [GeneratedRegex(@"\A[0-9a-f]{40}\z")]
    private static partial Regex Commit { get; }

    [GeneratedRegex(@"\A([0-9a-f]{40}|[0-9a-f]{64})\z")]
    private static partial Regex Checksum { get; }
}
