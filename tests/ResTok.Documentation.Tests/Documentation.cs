using System.Xml.Linq;

namespace ResTok.Documentation.Tests;

/// <summary>The repository's documentation.</summary>
internal static class Documentation
{
    /// <summary>The documentation of every member of the libraries by its id, such as <c>T:ResTok.MLNet.ResTokTokenizer</c>; the compiler wrote it.</summary>
    public static IReadOnlyDictionary<string, XElement> Members { get; } = Directory.GetFiles(AppContext.BaseDirectory, "ResTok.*.xml")
        .SelectMany(file => XDocument.Load(file, LoadOptions.PreserveWhitespace).Descendants("member"))
        .ToDictionary(member => member.Attribute("name")!.Value);

    /// <summary>The paths of all documents.</summary>
    public static IReadOnlyList<string> Documents { get; } =
        [.. new[] { ".", "docs", "examples", "nuget", ".github" }.SelectMany(folder => Directory.GetFiles(Path.GetFullPath(Path.Combine(Repository.Root, folder)), "*.md"))];

    /// <summary>The code of every example by the place where it stands; source generators write code elsewhere than in examples.</summary>
    public static IReadOnlyDictionary<string, string> Examples { get; } = MarkdownExamples().Concat(MemberExamples()).ToDictionary();

    private static IEnumerable<KeyValuePair<string, string>> MarkdownExamples() =>
        from file in Documents
        from block in MarkdownBlock.ReadAll(file)
        where block.Language == "csharp"
        select KeyValuePair.Create($"{Path.GetRelativePath(Repository.Root, file)}, line {block.Line}", block.Text);

    private static IEnumerable<KeyValuePair<string, string>> MemberExamples() =>
        from member in Members
        from example in member.Value.Elements("example").Descendants("code").Select((code, number) => (code.Value, number))
        select KeyValuePair.Create($"{member.Key}, example {example.number + 1}", example.Value);
}
