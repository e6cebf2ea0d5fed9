using System.Text.RegularExpressions;

namespace ResTok.Documentation.Tests;

/// <summary>Links between documents and to files, which go stale when a file moves.</summary>
public sealed partial class LinkTests
{
    public static TheoryData<string> Documents { get; } = [.. Documentation.Documents.Select(path => Path.GetRelativePath(Repository.Root, path))];

    [Theory]
    [MemberData(nameof(Documents))]
    public void What_a_document_links_to_is_there(string document)
    {
        string path = Path.Combine(Repository.Root, document), text = File.ReadAllText(path);
        string[] missing = [.. from match in Link().Matches(text)
                               let target = match.Groups["target"].Value
                               where !target.Contains(':', StringComparison.Ordinal) && !target.StartsWith('#') && !target.StartsWith("../../actions/", StringComparison.Ordinal) // of the host
                               let file = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, Uri.UnescapeDataString(target.Split('#')[0])))
                               where !File.Exists(file) && !Directory.Exists(file) || target.Contains('#', StringComparison.Ordinal) && !HeadingsOf(file).Contains(target.Split('#')[1])
                               select target];
        Assert.True(missing.Length == 0, $"{document} links to what is not there: {string.Join(", ", missing)}");
    }

    /// <summary>The names that a page's headings have in links.</summary>
    private static IEnumerable<string> HeadingsOf(string file) =>
        Heading().Matches(File.ReadAllText(file)).Select(match => NoLetter().Replace(match.Groups[1].Value.ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)|(?:src|href)=""(?<target>[^""]+)""")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (.+?)\s*$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoLetter();
}
